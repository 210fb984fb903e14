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
            del view, embed
            if context.feature_size > context.embedding_size:
                raise ValueError(
                    f"{context.feature_size} features do not fit an embedding of "
                    f"{context.embedding_size}: nothing may be left out"
                )
            return Readout(of="features", matrix=torch.eye(context.feature_size))

    return Features()


frozen_features = Method(
    name="frozen-features",
    build=_build,
    summary="The initial trunk's features, without the head: on frozen features, these themselves.",
    reference=REFERENCE,
    family="baseline",
    defaults_from="none",
    trained=False,
    readout=True,
    citation=CITATION,
)
