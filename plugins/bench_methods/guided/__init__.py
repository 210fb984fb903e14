"""A student that learns the embedding of a guiding teacher."""

from __future__ import annotations

from bench_methods.guided.gemini import gemini
from harness import Method

METHODS: tuple[Method, ...] = (gemini,)
