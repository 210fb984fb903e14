"""Losses on clusters of the embedding."""

from __future__ import annotations

from bench_methods.clustering.facility_location import structured_clustering
from bench_methods.clustering.magnet import magnet
from harness import Method

METHODS: tuple[Method, ...] = (magnet, structured_clustering)
