"""Methods of several backbones."""

from __future__ import annotations

from bench_methods.ensembles.dreml import dreml
from harness import Method

METHODS: tuple[Method, ...] = (dreml,)
