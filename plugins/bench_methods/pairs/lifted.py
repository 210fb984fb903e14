"""Lifted structure: a positive pair against a soft minimum of all distances to its negatives.

The authors do not normalise embeddings, so that distances grow until the soft minimum is one. Where
a protocol normalises, no distance is above 2 and every negative counts about as much as the
nearest: there embeddings are multiplied by `scale` first, as if the sphere had that radius. Its
default was chosen on validation classes. Where a protocol leaves lengths, they are as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.pairs import citations
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _lifted(neg_margin: float, scale: float, context: Context) -> Any:
    from bench_methods.pairs.lifted_structure_loss import LiftedStructureLoss

    return LiftedStructureLoss(neg_margin, scale if context.normalized else 1.0)


def _generalized(neg_margin: float, scale: float, context: Context) -> Any:
    from bench_methods.pairs.lifted_structure_loss import GeneralizedLiftedStructureLoss

    return GeneralizedLiftedStructureLoss(neg_margin, scale if context.normalized else 1.0)


_MARGIN = Float(0.0, 2.0, default=1.0)
_SCALE = Float(1.0, 64.0, default=8.0, log=True)

lifted_structure = loss_method(
    "lifted-structure",
    _lifted,
    summary="Each positive pair's distance against the negatives of both its ends in one "
    "log-sum-exp, squared. The original does not normalise embeddings: normalised ones are on a "
    "sphere of radius scale.",
    reference="Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, "
    "CVPR 2016",
    family="tuple",
    defaults_from="validation here",
    comparison="euclidean",
    citation=citations.SONG,
    neg_margin=_MARGIN,
    scale=_SCALE,
)

generalized_lifted_structure = loss_method(
    "generalized-lifted-structure",
    _generalized,
    summary="For each anchor one log-sum-exp over all its positives' distances and one over its "
    "negatives', in a hinge. The original does not normalise embeddings: normalised ones are on a "
    "sphere of radius scale. By the paper's formula: the authors' code has batch-hard alone.",
    reference="Hermans et al., In Defense of the Triplet Loss for Person Re-Identification, 2017",
    family="tuple",
    defaults_from="validation here",
    comparison="euclidean",
    citation=citations.HERMANS,
    neg_margin=_MARGIN,
    scale=_SCALE,
)
