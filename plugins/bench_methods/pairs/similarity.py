"""Losses on the cosines of all pairs: circle, and tuplet margin with and without its variance."""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Float, loss_method


def _circle(m: float, gamma: float) -> Any:
    from pytorch_metric_learning.losses import CircleLoss

    return CircleLoss(m=m, gamma=gamma)


def _tuplet_margin(margin: float, scale: float) -> Any:
    from bench_methods.pairs.tuplet_margin_loss import TupletMarginLoss

    return TupletMarginLoss(margin, scale)


def _tuplet_margin_variance(
    margin: float, scale: float, pos_eps: float, neg_eps: float, variance_weight: float
) -> Any:
    from pytorch_metric_learning.losses import IntraPairVarianceLoss

    from bench_methods.pairs.weighted_sum import WeightedSum

    variance = IntraPairVarianceLoss(pos_eps=pos_eps, neg_eps=neg_eps)
    return WeightedSum(_tuplet_margin(margin, scale), variance, variance_weight)


_TUPLET = "Yu and Tao, Deep Metric Learning with Tuplet Margin Loss, ICCV 2019"

circle = loss_method(
    "circle",
    _circle,
    summary="Soft maximum of all negative over all positive cosines of an anchor, each weighted by "
    "how far it is from its optimum.",
    reference="Sun et al., Circle Loss: A Unified Perspective of Pair Similarity Optimization, "
    "CVPR 2020",
    family="pair",
    defaults_from="paper",
    comparison="cosine",
    citation=citations.SUN,
    m=Float(0.0, 1.0, default=0.4),
    gamma=Float(1.0, 512.0, default=80.0, log=True),
)

tuplet_margin = loss_method(
    "tuplet-margin",
    _tuplet_margin,
    summary="Each positive pair against all the anchor's negatives in one scaled softmax of "
    "cosines; the margin, in degrees, is slack: it narrows the positive's angle.",
    reference=_TUPLET,
    family="tuple",
    defaults_from="paper",
    comparison="cosine",
    citation=citations.YU,
    margin=Float(0.0, 30.0, default=5.73),
    scale=Float(1.0, 256.0, default=64.0, log=True),
)

tuplet_margin_variance = loss_method(
    "tuplet-margin-variance",
    _tuplet_margin_variance,
    summary="The tuplet margin loss plus the intra-pair variance: squared hinges on cosines of "
    "positive pairs below their mean, of negative pairs above theirs.",
    reference=_TUPLET,
    family="tuple",
    defaults_from="paper",
    comparison="cosine",
    citation=citations.YU,
    margin=Float(0.0, 30.0, default=5.73),
    scale=Float(1.0, 256.0, default=64.0, log=True),
    pos_eps=Float(0.0, 0.5, default=0.01),
    neg_eps=Float(0.0, 0.5, default=0.01),
    variance_weight=Float(0.01, 10.0, default=0.5, log=True),
)
