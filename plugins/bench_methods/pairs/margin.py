"""The margin loss: a learned boundary `beta` that positives stay inside and negatives outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.pairs import citations
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context

# Wu et al. sample negatives by distance. The reality check lists a miner in one method's name only
# (multi-similarity), so its two rows have none: all triplets, which also draws nothing at random
# and cannot come back empty. The original is a row of its own.


def _shared(margin: float, beta: float) -> Any:
    from pytorch_metric_learning.losses import MarginLoss

    from bench_methods.pairs.batch_pairs import as_given

    return MarginLoss(margin=margin, beta=beta, learn_beta=True, distance=as_given())


def _per_class(margin: float, beta: float, context: Context) -> Any:
    from pytorch_metric_learning.losses import MarginLoss

    from bench_methods.pairs.batch_pairs import as_given

    return MarginLoss(
        margin=margin,
        beta=beta,
        learn_beta=True,
        num_classes=context.classes,
        distance=as_given(),
    )


def _distance_weighted(
    margin: float, beta: float, cutoff: float, nonzero_loss_cutoff: float
) -> tuple[Any, Any]:
    from bench_methods.pairs.triplet_miners import DistanceWeightedMiner

    return _shared(margin, beta), DistanceWeightedMiner(cutoff, nonzero_loss_cutoff)


_REFERENCE = "Wu et al., Sampling Matters in Deep Embedding Learning, ICCV 2017"

margin = loss_method(
    "margin",
    _shared,
    summary="Hinge of each distance against one learned boundary beta (its start is tuned), "
    "averaged over the active terms of all triplets.",
    reference=_REFERENCE,
    family="triplet",
    defaults_from="published search",
    comparison="euclidean",
    parameters="1",
    citation=citations.WU,
    margin=Float(-0.2, 2.0, default=0.083),
    beta=Float(-0.2, 2.0, default=1.0),
    objective_rate=OBJECTIVE_RATE,
)

margin_per_class = loss_method(
    "margin-per-class",
    _per_class,
    summary="The margin loss with a learned boundary for each class (their common start is tuned).",
    reference=_REFERENCE,
    family="triplet",
    defaults_from="published search",
    comparison="euclidean",
    parameters="C",
    citation=citations.WU,
    margin=Float(-0.2, 2.0, default=0.065),
    beta=Float(-0.2, 2.0, default=0.9),
    objective_rate=OBJECTIVE_RATE,
)

margin_distance_weighted = loss_method(
    "margin-distance-weighted",
    _distance_weighted,
    summary="The margin loss with one negative a positive pair, drawn by the inverse density of "
    "its distance on the sphere: the loss and the sampling that were published together.",
    reference=_REFERENCE,
    family="triplet",
    defaults_from="paper",
    comparison="euclidean",
    parameters="1",
    citation=citations.WU,
    margin=Float(-0.2, 2.0, default=0.2),
    beta=Float(-0.2, 2.0, default=1.2),
    cutoff=Float(0.1, 1.0, default=0.5),
    nonzero_loss_cutoff=Float(1.0, 1.9, default=1.4),
    objective_rate=OBJECTIVE_RATE,
)
