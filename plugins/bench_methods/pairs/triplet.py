"""The triplet loss, over all triplets of a batch or over those that a miner picks.

Where a miner finds nothing the loss is zero, with a zero gradient: the audit counts such steps.
"""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Float, Method, loss_method


def _triplet(margin: float) -> Any:
    from pytorch_metric_learning.losses import TripletMarginLoss

    from bench_methods.pairs.batch_pairs import as_given

    return TripletMarginLoss(margin=margin, distance=as_given())


def _squared(margin: float) -> Any:
    from pytorch_metric_learning.losses import TripletMarginLoss
    from pytorch_metric_learning.reducers import MeanReducer

    from bench_methods.pairs.batch_pairs import as_given

    return TripletMarginLoss(margin=margin, distance=as_given(power=2), reducer=MeanReducer())


def _hard(margin: float) -> tuple[Any, Any]:
    return _triplet(margin), _margin_miner(margin, "hard")


def _semihard(margin: float) -> tuple[Any, Any]:
    return _triplet(margin), _margin_miner(margin, "semihard")


def _margin_miner(margin: float, kind: str) -> Any:
    from pytorch_metric_learning.miners import TripletMarginMiner

    from bench_methods.pairs.batch_pairs import as_given

    return TripletMarginMiner(margin=margin, type_of_triplets=kind, distance=as_given())


def _batch_hard(margin: float) -> tuple[Any, Any]:
    from pytorch_metric_learning.miners import BatchHardMiner

    from bench_methods.pairs.batch_pairs import as_given

    return _triplet(margin), BatchHardMiner(distance=as_given())


def _facenet_semihard(margin: float) -> tuple[Any, Any]:
    from bench_methods.pairs.triplet_miners import FaceNetSemihardMiner

    return _squared(margin), FaceNetSemihardMiner()


def _distance_weighted(margin: float, cutoff: float, nonzero_loss_cutoff: float) -> tuple[Any, Any]:
    from bench_methods.pairs.triplet_miners import DistanceWeightedMiner

    return _triplet(margin), DistanceWeightedMiner(cutoff, nonzero_loss_cutoff)


_SCHROFF = (
    "Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, CVPR 2015"
)

triplet = loss_method(
    "triplet",
    _triplet,
    summary="Each anchor closer to its positives than to its negatives by a margin; the mean over "
    "the violated among all triplets of the batch, no miner.",
    reference=_SCHROFF,
    family="triplet",
    defaults_from="published search",
    comparison="euclidean",
    citation=citations.SCHROFF,
    margin=Float(-0.2, 3.0, default=0.11),
)

triplet_squared = loss_method(
    "triplet-squared",
    _squared,
    summary="The triplet loss on squared distances, as FaceNet has it; the mean over all triplets "
    "of the batch, the satisfied ones too.",
    reference=_SCHROFF,
    family="triplet",
    defaults_from="paper",
    comparison="euclidean",
    citation=citations.SCHROFF,
    margin=Float(0.0, 2.0, default=0.2),
)

triplet_hard = loss_method(
    "triplet-hard",
    _hard,
    summary="The triplet loss on the triplets whose negative is no farther than the positive.",
    reference=_SCHROFF,
    family="triplet",
    defaults_from="paper",
    comparison="euclidean",
    citation=citations.SCHROFF,
    margin=Float(0.0, 2.0, default=0.2),
)

triplet_semihard = loss_method(
    "triplet-semihard",
    _semihard,
    summary="The triplet loss on all triplets whose negative is farther than the positive, but by "
    "less than the margin.",
    reference=_SCHROFF,
    family="triplet",
    defaults_from="paper",
    comparison="euclidean",
    citation=citations.SCHROFF,
    margin=Float(0.0, 2.0, default=0.2),
)

triplet_batch_hard = loss_method(
    "triplet-batch-hard",
    _batch_hard,
    summary="The triplet loss on one triplet an anchor: its farthest positive and its nearest "
    "negative; the mean over the violated.",
    reference="Hermans et al., In Defense of the Triplet Loss for Person Re-Identification, 2017",
    family="triplet",
    defaults_from="paper",
    comparison="euclidean",
    citation=citations.HERMANS,
    margin=Float(0.0, 2.0, default=0.2),
)

triplet_facenet_semihard = loss_method(
    "triplet-facenet-semihard",
    _facenet_semihard,
    summary="The triplet loss on squared distances, for each positive pair with the nearest "
    "negative beyond the positive, else the farthest; the mean over pairs, as in TensorFlow.",
    reference=_SCHROFF,
    family="triplet",
    defaults_from="paper",
    comparison="euclidean",
    citation=citations.SCHROFF,
    margin=Float(0.0, 2.0, default=0.2),
)

triplet_distance_weighted = loss_method(
    "triplet-distance-weighted",
    _distance_weighted,
    summary="The triplet loss with one negative a positive pair, drawn by the inverse density of "
    "its distance on the sphere.",
    reference="Wu et al., Sampling Matters in Deep Embedding Learning, ICCV 2017",
    family="triplet",
    defaults_from="paper",
    comparison="euclidean",
    citation=citations.WU,
    margin=Float(0.0, 2.0, default=0.2),
    cutoff=Float(0.1, 1.0, default=0.5),
    nonzero_loss_cutoff=Float(1.0, 1.9, default=1.4),
)

METHODS: tuple[Method, ...] = (
    triplet,
    triplet_squared,
    triplet_hard,
    triplet_semihard,
    triplet_batch_hard,
    triplet_facenet_semihard,
    triplet_distance_weighted,
)
