"""PDDM: position-dependent deep metric, a similarity unit beside the embedding.

The paper's unit is 512 wide, which triples the time of a run on the CPU: here it is 64 by default.
That all anchors have a quadruplet, and not the worst alone, was chosen on validation classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.pairs import citations
from harness import Choice, Float, Int, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(width: int, context: Context, **given: Any) -> Any:
    from bench_methods.pairs.pddm_loss import PDDMLoss, PDDMUnit

    return PDDMLoss(PDDMUnit(context.embedding_size, width, width), **given)


pddm = loss_method(
    "pddm",
    _build,
    summary="A unit learns a similarity that depends on where two embeddings lie; it and the "
    "distance are trained on the hardest quadruplet of each anchor, where the original takes one a "
    "batch. Scored by the embedding alone.",
    reference="Huang et al., Local Similarity-Aware Deep Feature Embedding, NeurIPS 2016",
    family="tuple",
    defaults_from="validation here",
    comparison="euclidean",
    parameters="2 * (d + 1) * width + (2 * width + 1) * width + width",
    citation=citations.HUANG,
    alpha=Float(0.0, 2.0, default=0.5),
    beta=Float(0.0, 2.0, default=1.0),
    distance_weight=Float(0.01, 10.0, default=0.5, log=True),
    anchors=Choice(("all", "worst"), default="all"),
    width=Int(8, 512, default=64, log=True),
    objective_rate=OBJECTIVE_RATE,
)
