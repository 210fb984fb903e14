"""The ladder loss, for graded relevance.

The authors' threshold is 0.63 for degrees of any value; here a group's classes have 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench_methods.pairs import citations
from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective


def _build(hyperparameters: Mapping[str, Any], _: Context) -> Objective:
    from bench_methods.pairs.ladder_objective import LadderObjective

    return LadderObjective(**hyperparameters)


ladder = Method(
    name="ladder",
    build=_build,
    summary="Each anchor's least similar sample of its class above the most similar other one, "
    "and the same for its group of classes at a weight, by margins; the mean over anchors. Made "
    "for images and captions; here both are images. MAP@R knows classes alone: it cannot credit an "
    "order among related ones.",
    reference="Zhou et al., Ladder Loss for Coherent Visual-Semantic Embedding, AAAI 2020",
    family="ranking",
    defaults_from="paper",
    comparison="cosine",
    relevance="graded",
    citation=citations.ZHOU,
    space={
        "class_margin": Float(0.0, 1.0, default=0.2),
        "group_margin": Float(0.0, 1.0, default=0.01),
        "threshold": Float(0.01, 1.0, default=0.5),
        "group_weight": Float(0.0, 10.0, default=0.25),
    },
)
