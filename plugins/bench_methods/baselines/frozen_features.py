"""The trunk's features as they are: what a method on frozen features must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.baselines.untrained import CITATION, REFERENCE
from harness import Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness import Context, Objective, Value


def _build(_point: Mapping[str, Value], context: Context) -> Objective:
    import torch

    from harness import Embed, Objective, Readout, View

    class Features(Objective):
        def finish(self, view: View, embed: Embed) -> Readout:
            size = context.embedding_size
            if context.feature_size <= size:
                return Readout(of="features", matrix=torch.eye(context.feature_size))
            features = embed.features(view.inputs(torch.arange(len(view), device=context.device)))
            features = features.double().cpu()
            mean = features.mean(dim=0)
            _, axes = torch.linalg.eigh((features - mean).T @ (features - mean))
            matrix = axes.flip(1)[:, :size].T
            return Readout(of="features", matrix=matrix, offset=-matrix @ mean)

    return Features()


frozen_features = Method(
    name="frozen-features",
    build=_build,
    summary="The initial trunk's features, without the head: on frozen features, these themselves. "
    "Where they are wider than the embedding, their widest principal axes.",
    reference=REFERENCE,
    family="baseline",
    defaults_from="none",
    trained=False,
    readout=True,
    citation=CITATION,
)
