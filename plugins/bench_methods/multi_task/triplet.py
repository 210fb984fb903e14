"""The triplet loss of each label set."""

from __future__ import annotations

from typing import Any

from bench_methods.multi_task.declaring import REFERENCE, multi_task_method
from bench_methods.pairs import citations
from harness import Float


def _loss() -> Any:
    from bench_methods.multi_task.gap_losses import GapTriplet

    return GapTriplet


multi_task_triplet = multi_task_method(
    "multi-task-triplet",
    _loss,
    summary="The triplet loss of the class, and that of each label set beside it at a weight of "
    "its own, in dimensions of its own or shared. Where values are in order, every triplet counts "
    "whose second sample is nearer in value than its third, at a margin in proportion.",
    reference=REFERENCE + "Schroff et al., FaceNet, CVPR 2015",
    comparison="euclidean",
    citation=citations.SCHROFF,
    space={"margin": Float(-0.2, 3.0, default=0.11)},
)
