"""What every method must beat, and controls."""

from __future__ import annotations

from bench_methods.baselines.frozen_features import frozen_features
from bench_methods.baselines.random_labels import random_labels
from bench_methods.baselines.softmax import label_smoothed_softmax, softmax
from bench_methods.baselines.untrained import pretrained, untrained
from harness import Method

METHODS: tuple[Method, ...] = (
    untrained,
    pretrained,
    frozen_features,
    random_labels,
    softmax,
    label_smoothed_softmax,
)
