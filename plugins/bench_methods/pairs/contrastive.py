"""Contrastive losses: pull positive pairs inside one margin, push negative pairs beyond another.

Hadsell et al. name no margin for embeddings of unit length: the default of the squared form was
chosen on validation classes, among values from 0.25 to 1.
"""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Float, loss_method


def contrastive_loss(pos_margin: float, neg_margin: float) -> Any:
    """The library's contrastive loss, of embeddings of the length they have."""
    from pytorch_metric_learning.losses import ContrastiveLoss

    from bench_methods.pairs.batch_pairs import as_given

    return ContrastiveLoss(pos_margin=pos_margin, neg_margin=neg_margin, distance=as_given())


def _contrastive_squared(margin: float) -> Any:
    from bench_methods.pairs.contrastive_squared_loss import SquaredContrastiveLoss

    return SquaredContrastiveLoss(margin)


def _snr_contrastive(pos_margin: float, neg_margin: float, regularizer_weight: float) -> Any:
    from pytorch_metric_learning.distances import SNRDistance
    from pytorch_metric_learning.losses import SignalToNoiseRatioContrastiveLoss
    from pytorch_metric_learning.regularizers import ZeroMeanRegularizer

    return SignalToNoiseRatioContrastiveLoss(
        pos_margin=pos_margin,
        neg_margin=neg_margin,
        distance=SNRDistance(normalize_embeddings=False),
        embedding_regularizer=ZeroMeanRegularizer(),
        embedding_reg_weight=regularizer_weight,
    )


_HADSELL = "Hadsell et al., Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006"

contrastive = loss_method(
    "contrastive",
    contrastive_loss,
    summary="Hinge on the distance of each pair; the mean over violated positives plus that over "
    "violated negatives. Linear, where Hadsell's original squares.",
    reference=_HADSELL,
    family="pair",
    defaults_from="published search",
    comparison="euclidean",
    citation=citations.HADSELL,
    pos_margin=Float(-0.2, 2.0, default=0.24),
    neg_margin=Float(-0.2, 2.0, default=0.53),
)

contrastive_squared = loss_method(
    "contrastive-squared",
    _contrastive_squared,
    summary="Hadsell's original: the squared distance of each positive pair, the squared hinge of "
    "each negative one; the mean over all pairs of the batch.",
    reference=_HADSELL,
    family="pair",
    defaults_from="validation here",
    comparison="euclidean",
    citation=citations.HADSELL,
    margin=Float(0.1, 2.0, default=0.25),
)

snr_contrastive = loss_method(
    "snr-contrastive",
    _snr_contrastive,
    summary="The contrastive loss on a signal-to-noise distance: the variance of the difference "
    "over that of the anchor; embeddings are drawn to zero mean.",
    reference="Yuan et al., Signal-to-Noise Ratio: A Robust Distance Metric, CVPR 2019",
    family="pair",
    defaults_from="published search",
    citation=citations.YUAN,
    pos_margin=Float(0.0, 2.0, default=0.25),
    neg_margin=Float(0.0, 2.0, default=0.89),
    regularizer_weight=Float(0.0, 1.0, default=0.069),
)
