"""The dynamic soft margin loss."""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Float, Int, loss_method


def _build(bins: int, momentum: float) -> Any:
    from bench_methods.pairs.dynamic_soft_margin_loss import DynamicSoftMarginLoss

    return DynamicSoftMarginLoss(bins, momentum)


dynamic_soft_margin = loss_method(
    "dynamic-soft-margin",
    _build,
    summary="All triplets, each weighted by the share of easier ones seen so far: a margin that "
    "needs no tuning. The original takes the hardest negative of each pair only.",
    reference="Zhang and Rusinkiewicz, Learning Local Descriptors with a CDF-Based Dynamic Soft "
    "Margin, ICCV 2019",
    family="triplet",
    defaults_from="paper",
    comparison="cosine",
    citation=citations.ZHANG,
    bins=Int(10, 1000, default=512, log=True),
    momentum=Float(0.001, 1.0, default=0.01, log=True),
)
