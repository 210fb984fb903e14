"""Waves: a dataset of a few kilobytes, made up anew each time and always the same."""

from __future__ import annotations

import numpy as np
from harness import Attribute, Dataset

CLASSES, SAMPLES, POINTS = 12, 8, 24


def load_waves() -> Dataset:
    """12 frequencies, 8 noisy waves of each; float32 (96, 24). Attribute: half of the period."""
    draw = np.random.default_rng(7)
    labels = np.repeat(np.arange(CLASSES), SAMPLES)
    phase = draw.uniform(0, 2 * np.pi, len(labels))
    time = np.linspace(0, 2 * np.pi, POINTS)
    clean = np.sin((labels[:, None] + 1) * time / 2 + phase[:, None])
    return Dataset(
        name="acme-waves",
        inputs=(clean + draw.normal(0, 0.1, clean.shape)).astype(np.float32),
        labels=labels.astype(np.int64),
        class_names=tuple(f"{(label + 1) / 2} Hz" for label in range(CLASSES)),
        source="made up by acme-metric-losses",
        licence="MIT",
        attributes={
            "half": Attribute(
                values=(phase > np.pi).astype(np.int64), names=("first half", "second half")
            )
        },
    )
