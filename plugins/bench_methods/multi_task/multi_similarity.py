"""The multi-similarity loss of each label set."""

from __future__ import annotations

from typing import Any

from bench_methods.multi_task.declaring import REFERENCE, multi_task_method
from bench_methods.pairs import citations
from harness import Float


def _loss() -> Any:
    from bench_methods.multi_task.gap_losses import GapMultiSimilarity

    return GapMultiSimilarity


multi_task_multi_similarity = multi_task_method(
    "multi-task-multi-similarity",
    _loss,
    summary="The multi-similarity loss of the class, and that of each label set beside it at a "
    "weight of its own, in dimensions of its own or shared. Where values are in order, it is the "
    "mean over rungs, as in the ladder loss: at each, values up to so far apart count as alike.",
    reference=REFERENCE + "Wang et al., Multi-Similarity Loss with General Pair Weighting for "
    "Deep Metric Learning, CVPR 2019; the rungs: Zhou et al., Ladder Loss, AAAI 2020",
    comparison="cosine",
    citation=citations.WANG_MULTI_SIMILARITY,
    space={
        "alpha": Float(0.001, 100.0, default=4.3, log=True),
        "beta": Float(0.01, 100.0, default=54.0, log=True),
        "base": Float(0.0, 1.0, default=0.61),
    },
)
