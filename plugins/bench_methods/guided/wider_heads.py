"""S2SD: the embedding learns the similarities of wider embeddings of the same features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective


def _build(hyperparameters: Mapping[str, Any], context: Context) -> Objective:
    from bench_methods.guided.wider_heads_objective import WiderHeadsObjective
    from bench_methods.pairs.multi_similarity import multi_similarity

    def loss() -> Objective:
        return multi_similarity.objective(multi_similarity.defaults(), context)

    return WiderHeadsObjective(loss, context, **hyperparameters)


wider_heads = Method(
    name="wider-heads",
    build=_build,
    summary="S2SD: multi-similarity on the embedding and on two heads of 4 and 8 times its width "
    "on the same features; each sample's similarities to the batch are drawn to those of the "
    "heads, and after a share of the steps to those of the features. The paper has four heads.",
    reference="Roth et al., Simultaneous Similarity-based Self-Distillation for Deep Metric "
    "Learning, ICML 2021",
    family="guided",
    comparison="cosine",
    defaults_from="by hand",
    space={
        "weight": Float(0.1, 1000.0, default=50.0, log=True),
        "feature_weight": Float(0.1, 1000.0, default=50.0, log=True),
        "temperature": Float(0.01, 10.0, default=1.0, log=True),
        "feature_start": Float(0.0, 1.0, default=0.1),
        "objective_rate": OBJECTIVE_RATE,
    },
    parameters="(F + 1) * 4 * d + (4 * d + 1) * 4 * d + (F + 1) * 8 * d + (8 * d + 1) * 8 * d",
    citation="""@inproceedings{roth2021simultaneous,
  author = {Roth, Karsten and Milbich, Timo and Ommer, Bj{\\"o}rn and Cohen, Joseph Paul and
    Ghassemi, Marzyeh},
  title = {Simultaneous Similarity-based Self-Distillation for Deep Metric Learning},
  booktitle = {International Conference on Machine Learning},
  year = {2021}
}""",
)
