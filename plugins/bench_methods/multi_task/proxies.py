"""Normalized softmax over proxies of the values of each label set."""

from __future__ import annotations

from typing import Any

from bench_methods.multi_task.declaring import REFERENCE, multi_task_method
from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.proxies.softmax import normalized_softmax
from harness import Float


def _loss() -> Any:
    from bench_methods.multi_task.value_proxies import ValueProxies

    return ValueProxies


multi_task_proxies = multi_task_method(
    "multi-task-proxies",
    _loss,
    summary="Cross-entropy over cosines to a learned proxy of each class, and that over proxies "
    "of the values of each label set beside it at a weight of its own, in dimensions of its own "
    "or shared. Where values are in order, the target is soft: near values have a share.",
    reference=REFERENCE + "Zhai and Wu, Classification is a Strong Baseline for Deep Metric "
    "Learning, BMVC 2019; the order: Diaz and Marathe, Soft Labels for Ordinal Regression, "
    "CVPR 2019",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * (d - L * (d // (L + 1))) + V * (d // (L + 1))",
    citation=normalized_softmax.citation,
    space={
        "temperature": Float(1e-2, 1e2, default=0.079, log=True),
        "objective_rate": OBJECTIVE_RATE,
    },
)
