"""The N-pair loss and the angular loss, alone and together.

The default weight of the N-pair loss's L2 term was chosen on validation classes.
"""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Float, loss_method


def _n_pair(l2: float) -> Any:
    from bench_methods.pairs.n_pair_loss import NPairLoss

    return NPairLoss(l2)


def _angular(angle: float) -> Any:
    from bench_methods.pairs.angular_loss import AngularLoss

    return AngularLoss(angle)


def _n_pair_angular(l2: float, angle: float, angular_weight: float) -> Any:
    from bench_methods.pairs.weighted_sum import WeightedSum

    return WeightedSum(_n_pair(l2), _angular(angle), angular_weight)


# TensorFlow's weight is 0.002. From random weights it leaves in all embeddings a common mean, which
# the dot products of a batch do not see and the cosines of scoring do. From 2 (1 - 1/N) on, with N
# classes, the loss is least where all embeddings are zero.
_L2 = Float(0.0, 2.0, default=1.0)
_ANGULAR = "Wang et al., Deep Metric Learning with Angular Loss, ICCV 2017"

n_pair = loss_method(
    "n-pair",
    _n_pair,
    summary="Cross-entropy of the dot product of a class's first two samples against the second "
    "samples of all other classes; embeddings are not normalised, but kept short by an L2 term. "
    "Half of a batch of four a class goes unused; the original has batches of one pair a class.",
    reference="Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, "
    "NeurIPS 2016",
    family="tuple",
    unnormalized=True,
    citation=citations.SOHN,
    l2=_L2,
)

angular = loss_method(
    "angular",
    _angular,
    summary="A soft bound, in degrees, on the angle under which a positive pair is seen from each "
    "negative; the mean over all positive pairs, on normalised embeddings.",
    reference=_ANGULAR,
    family="tuple",
    citation=citations.WANG_ANGULAR,
    angle=Float(30.0, 60.0, default=40.0),
)

n_pair_angular = loss_method(
    "n-pair-angular",
    _n_pair_angular,
    summary="The N-pair loss plus the angular loss at a weight; the N-pair part on embeddings that "
    "are not normalised.",
    reference=_ANGULAR,
    family="tuple",
    unnormalized=True,
    citation=citations.WANG_ANGULAR,
    l2=_L2,
    angle=Float(30.0, 60.0, default=45.0),
    angular_weight=Float(0.0, 10.0, default=2.0),
)
