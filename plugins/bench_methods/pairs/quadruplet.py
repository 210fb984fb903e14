"""The two losses that are called quadruplet: they share no more than the number four.

Law's margin, 1 in the paper, is here 0.5 by default, chosen on validation classes.
"""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Choice, Float, loss_method


def _quadruplet(margin_1: float, margin_2: float, power: int) -> Any:
    from bench_methods.pairs.quadruplet_loss import QuadrupletLoss

    return QuadrupletLoss(margin_1, margin_2, power)


def _qwise(margin: float) -> Any:
    from bench_methods.pairs.quadruplet_loss import QwiseLoss

    return QwiseLoss(margin)


quadruplet = loss_method(
    "quadruplet",
    _quadruplet,
    summary="The triplet loss, and beside it each positive pair closer than any pair of two other "
    "classes; the mean over all quadruplets, where the original learns the distance too.",
    reference="Chen et al., Beyond Triplet Loss: A Deep Quadruplet Network for Person "
    "Re-Identification, CVPR 2017",
    family="tuple",
    defaults_from="paper",
    comparison="euclidean",
    citation=citations.CHEN,
    margin_1=Float(0.0, 2.0, default=1.0),
    margin_2=Float(0.0, 2.0, default=0.5),
    power=Choice((1, 2), default=2),
)

qwise = loss_method(
    "qwise",
    _qwise,
    summary="Any pair of one class closer, by a margin, than any pair of two classes: relative "
    "constraints on the squared distances of quadruplets without an anchor, from class labels.",
    reference="Law et al., Quadruplet-Wise Image Similarity Learning, ICCV 2013; at length: "
    "Learning a Distance Metric from Relative Comparisons between Quadruplets of Images, IJCV 2017",
    family="tuple",
    defaults_from="validation here",
    comparison="euclidean",
    citation=citations.LAW,
    margin=Float(0.0, 2.0, default=0.5),
)
