"""Merging two embeddings by their covariance (CovNet)."""

from __future__ import annotations

from bench_methods.covariance.covnet import covnet_v1, covnet_v2, covnet_v3
from harness import Method

METHODS: tuple[Method, ...] = (covnet_v1, covnet_v2, covnet_v3)
