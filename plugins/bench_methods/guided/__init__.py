"""Students of a teacher: of one that reads labels, or of wider heads on the same features."""

from __future__ import annotations

from bench_methods.guided.gemini import gemini
from bench_methods.guided.wider_heads import wider_heads
from harness import Method

METHODS: tuple[Method, ...] = (gemini, wider_heads)
