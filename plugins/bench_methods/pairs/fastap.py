"""FastAP: average precision of the batch, through a soft histogram of distances."""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Int, loss_method


def _build(num_bins: int) -> Any:
    from pytorch_metric_learning.losses import FastAPLoss

    return FastAPLoss(num_bins=num_bins)


fastap = loss_method(
    "fastap",
    _build,
    summary="One minus the average precision of each anchor over its batch, with ranks read from a "
    "soft histogram of squared distances.",
    reference="Cakir et al., Deep Metric Learning to Rank, CVPR 2019",
    family="ranking",
    defaults_from="published search",
    comparison="cosine",
    citation=citations.CAKIR,
    # The paper's grid over 2..32 at batch 32 and its search over 2..250 at batch 256, in one range:
    # the log scale gives the small counts their share.
    num_bins=Int(2, 250, default=22, log=True),
)
