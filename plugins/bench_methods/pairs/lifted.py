"""Lifted structure: a positive pair against a soft minimum of all distances to its negatives."""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Float, loss_method


def _lifted(neg_margin: float) -> Any:
    from bench_methods.pairs.lifted_structure_loss import LiftedStructureLoss

    return LiftedStructureLoss(neg_margin)


def _generalized(neg_margin: float) -> Any:
    from pytorch_metric_learning.losses import GeneralizedLiftedStructureLoss

    return GeneralizedLiftedStructureLoss(neg_margin=neg_margin)


lifted_structure = loss_method(
    "lifted-structure",
    _lifted,
    summary="Each positive pair's distance against the negatives of both its ends in one "
    "log-sum-exp, squared; on normalised embeddings, where the original does not normalise.",
    reference="Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, "
    "CVPR 2016",
    family="tuple",
    citation=citations.SONG,
    neg_margin=Float(0.0, 2.0, default=1.0),
)

generalized_lifted_structure = loss_method(
    "generalized-lifted-structure",
    _generalized,
    summary="For each anchor one log-sum-exp over all its positives' distances and one over its "
    "negatives', in a hinge.",
    reference="Hermans et al., In Defense of the Triplet Loss for Person Re-Identification, 2017",
    family="tuple",
    citation=citations.HERMANS,
    neg_margin=Float(0.0, 2.0, default=1.0),
)
