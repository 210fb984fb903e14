"""The triplet loss over all triplets of a batch."""

from __future__ import annotations

from typing import Any

from harness import Float, loss_method


def _build(margin: float) -> Any:
    from pytorch_metric_learning.losses import TripletMarginLoss

    return TripletMarginLoss(margin=margin)


triplet = loss_method(
    "triplet",
    _build,
    summary="Each anchor closer to its positives than to its negatives by a margin; the mean over "
    "the violated among all triplets of the batch, no miner.",
    reference="Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, "
    "CVPR 2015",
    family="triplet",
    margin=Float(-0.2, 2.0, default=0.11),
)
