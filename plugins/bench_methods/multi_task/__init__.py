"""Methods that learn from several label sets at once: the class, and what a protocol gives beside.

A protocol without a section `label_sets` gives none, and these methods are skipped.
"""

from __future__ import annotations

from bench_methods.multi_task.conditional_similarity import conditional_similarity
from bench_methods.multi_task.multi_similarity import multi_task_multi_similarity
from bench_methods.multi_task.proxies import multi_task_proxies
from bench_methods.multi_task.triplet import multi_task_triplet
from harness import Method

METHODS: tuple[Method, ...] = (
    multi_task_triplet,
    multi_task_multi_similarity,
    multi_task_proxies,
    conditional_similarity,
)
