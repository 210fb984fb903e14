"""NT-Xent: cross-entropy of one positive against all negatives of its anchor."""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Float, loss_method


def _build(temperature: float) -> Any:
    from bench_methods.pairs.ntxent_loss import NTXentLoss

    return NTXentLoss(temperature=temperature)


ntxent = loss_method(
    "ntxent",
    _build,
    summary="Cross-entropy of each positive pair's cosine against those of the anchor's negatives, "
    "at a temperature.",
    reference="Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, "
    "NeurIPS 2016; the temperature: Chen et al., SimCLR, ICML 2020",
    family="pair",
    defaults_from="published search",
    comparison="cosine",
    citation=citations.SOHN,
    temperature=Float(1e-5, 1e2, default=0.014, log=True),
)
