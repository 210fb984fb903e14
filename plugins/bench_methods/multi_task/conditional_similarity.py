"""Conditional similarity networks: a learned mask over the embedding for each label set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective


def _build(hyperparameters: Mapping[str, Any], context: Context) -> Objective:
    from bench_methods.multi_task.conditional_objective import ConditionalObjective

    return ConditionalObjective(context, **hyperparameters)


conditional_similarity = Method(
    name="conditional-similarity",
    build=_build,
    summary="The triplet loss of each label set on the embedding under a mask of its own, learned "
    "and never negative; the norms of embeddings and masks at weights. The class's embedding is "
    "what its mask leaves. All triplets of the batch under every mask, where the authors draw one "
    "mask a triplet; their masks are learned at the network's rate. The norm of embeddings counts "
    "where a protocol does not normalise them.",
    reference="Veit, Belongie and Karaletsos, Conditional Similarity Networks, CVPR 2017",
    family="multi-task",
    label_sets="attributes",
    readout=True,
    defaults_from="library",
    comparison="euclidean",
    parameters="(L + 1) * d",
    citation="""@inproceedings{veit2017conditional,
  author = {Veit, Andreas and Belongie, Serge and Karaletsos, Theofanis},
  title = {Conditional Similarity Networks},
  booktitle = {Conference on Computer Vision and Pattern Recognition (CVPR)},
  year = {2017}
}""",
    space={
        "margin": Float(0.0, 2.0, default=0.2),
        "embedding_norm": Float(1e-5, 0.1, default=5e-3, log=True),
        "mask_norm": Float(1e-5, 0.1, default=5e-4, log=True),
        "objective_rate": Float(0.01, 100.0, default=1.0, log=True),
    },
)
