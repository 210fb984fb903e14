"""The triplet loss on pull-back distances (the future work of Safir et al.)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench_methods.generative import citations
from bench_methods.generative.autoencoder import DECODER
from bench_methods.generative.metric_loss import MARGIN
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.decoder import Decoder
    from bench_methods.generative.objectives import SemiSupervised
    from bench_methods.generative.pull_back_loss import PullBackTripletLoss
    from bench_methods.generative.terms import Reconstruction
    from harness import LossObjective

    decoder = Decoder(context.embedding_size, context.input_shape)
    return SemiSupervised(
        LossObjective(PullBackTripletLoss(decoder, float(point["margin"]))),
        Reconstruction(decoder),
        alpha=float(point["alpha"]),
        schedule="joint",
    )


pull_back_triplet = Method(
    name="pull-back-triplet",
    build=_build,
    summary="The triplet loss of the labelled samples on distances along the decoded line between "
    "two embeddings, and the reconstruction error of all that trains the decoder, jointly. "
    "Decoding the middle of each pair costs about as much as the backbone.",
    reference=f"{citations.SAFIR} (future work); {citations.ARVANITIDIS}",
    family="generative",
    defaults_from="by hand",
    labels="known",
    space={
        "alpha": Float(0.01, 0.99, default=0.5),
        "margin": MARGIN,
        "objective_rate": OBJECTIVE_RATE,
    },
    parameters=DECODER,
    citation=citations.ARVANITIDIS_BIBTEX,
)
