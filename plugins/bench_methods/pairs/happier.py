"""HAPPIER: hierarchical average precision, for graded relevance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective


def _build(hyperparameters: Mapping[str, Any], context: Context) -> Objective:
    from bench_methods.pairs.happier_objective import HappierObjective

    return HappierObjective(context, **hyperparameters)


happier = Method(
    name="happier",
    build=_build,
    summary="One minus an average precision in which a sample of a related class counts by its "
    "relevance, negatives by an upper bound that does not saturate; and normalized softmax at a "
    "weight. MAP@R knows classes alone: it cannot credit an order among related ones. Relevance is "
    "the protocol's, where the authors divide a level's by its number of samples; a query does not "
    "stand in its own ranking, unlike in their code.",
    reference="Ramzi et al., Hierarchical Average Precision Training for Pertinent Image "
    "Retrieval, ECCV 2022",
    family="ranking",
    comparison="cosine",
    defaults_from="library",
    relevance="graded",
    space={
        "temperature": Float(0.001, 1.0, default=0.01, log=True),
        "slope": Float(1.0, 1000.0, default=100.0, log=True),
        "start": Float(0.0, 0.5, default=0.05),
        "clustering": Float(0.0, 1.0, default=0.1),
        "softmax_temperature": Float(0.01, 1.0, default=0.05, log=True),
        "objective_rate": OBJECTIVE_RATE,
    },
    parameters="C * d",
    citation="""@inproceedings{ramzi2022hierarchical,
  author = {Ramzi, Elias and Audebert, Nicolas and Thome, Nicolas and Rambour, Cl{\\'e}ment and
    Bitot, Xavier},
  title = {Hierarchical Average Precision Training for Pertinent Image Retrieval},
  booktitle = {European Conference on Computer Vision},
  year = {2022}
}""",
)
