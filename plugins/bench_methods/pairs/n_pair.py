"""The N-pair loss and the angular loss, alone and together.

Sohn compares by dot products of embeddings of any length, held short by an L2 term on their norms.
Where a protocol leaves lengths, so does this. Where it normalises and scores cosines, the loss of
lengths that scoring does not see trains poorly: there the dot product is that of the normalised
embeddings times `scale`, and the L2 term is a constant. The default scale was chosen on validation
classes; the L2 weight is TensorFlow's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.pairs import citations
from harness import Choice, Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _n_pair(l2: float, scale: float, context: Context) -> Any:
    from bench_methods.pairs.n_pair_loss import NPairLoss

    return NPairLoss(l2, scale if context.normalized else 1.0)


def _angular(angle: float) -> Any:
    from bench_methods.pairs.angular_loss import AngularLoss

    return AngularLoss(angle)


def _n_pair_angular(
    l2: float, scale: float, angle: float, angular_weight: float, context: Context
) -> Any:
    from bench_methods.pairs.weighted_sum import WeightedSum

    return WeightedSum(_n_pair(l2, scale, context), _angular(angle), angular_weight)


# From 2 (1 - 1/N) on, with N classes, the loss is least where all embeddings are zero.
_L2 = Float(1e-4, 2.0, default=0.002, log=True)
_SCALE = Float(1.0, 128.0, default=16.0, log=True)
_SAMPLES = Choice((2, 4), default=2)
_ANGULAR = "Wang et al., Deep Metric Learning with Angular Loss, ICCV 2017"

n_pair = loss_method(
    "n-pair",
    _n_pair,
    summary="Cross-entropy of the dot product of a class's first two samples against the second "
    "samples of all other classes. The original does not normalise embeddings: the product of "
    "normalised ones is scaled, of others kept small by an L2 term. Two samples a class.",
    reference="Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, "
    "NeurIPS 2016",
    family="tuple",
    defaults_from="validation here",
    citation=citations.SOHN,
    l2=_L2,
    scale=_SCALE,
    samples_per_class=_SAMPLES,
)

angular = loss_method(
    "angular",
    _angular,
    summary="A soft bound, in degrees, on the angle under which a positive pair is seen from each "
    "negative; the mean over all positive pairs, on normalised embeddings.",
    reference=_ANGULAR,
    family="tuple",
    defaults_from="library",
    comparison="cosine",
    citation=citations.WANG_ANGULAR,
    angle=Float(30.0, 60.0, default=40.0),
)

n_pair_angular = loss_method(
    "n-pair-angular",
    _n_pair_angular,
    summary="The N-pair loss plus the angular loss at a weight.",
    reference=_ANGULAR,
    family="tuple",
    defaults_from="validation here",
    citation=citations.WANG_ANGULAR,
    l2=_L2,
    scale=_SCALE,
    samples_per_class=_SAMPLES,
    angle=Float(30.0, 60.0, default=45.0),
    angular_weight=Float(0.01, 10.0, default=2.0, log=True),
)
