"""The autoencoder, alone and beside a metric loss (improvement proposal 1 of Safir et al.)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench_methods.generative import citations
from bench_methods.generative.metric_loss import build_plain, semi_supervised_space
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value

DECODER = "256 * (d + 1) + 257 * D"


def _autoencoder(_: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.decoder import Decoder
    from bench_methods.generative.objectives import Unsupervised
    from bench_methods.generative.terms import Reconstruction

    return Unsupervised(Reconstruction(Decoder(context.embedding_size, context.input_shape)))


def _dml_autoencoder(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.decoder import Decoder
    from bench_methods.generative.objectives import SemiSupervised
    from bench_methods.generative.terms import Reconstruction

    return SemiSupervised(
        build_plain(point, context),
        Reconstruction(Decoder(context.embedding_size, context.input_shape)),
        alpha=float(point["alpha"]),
        schedule=str(point["schedule"]),
    )


autoencoder = Method(
    name="autoencoder",
    build=_autoencoder,
    summary="Mean squared error of the input as a small decoder rebuilds it from the embedding; no "
    "labels. The decoder is not used at test.",
    reference=citations.HINTON,
    family="generative",
    defaults_from="paper",
    space={"objective_rate": OBJECTIVE_RATE},
    batch="uniform",
    labels="none",
    parameters=DECODER,
    citation=citations.HINTON_BIBTEX,
)

dml_autoencoder = Method(
    name="dml-autoencoder",
    build=_dml_autoencoder,
    summary="A metric loss of the labelled samples and the autoencoder's error of all, weighted "
    "1 - alpha and alpha; in turns by epoch, by batch, or jointly.",
    reference=citations.SAFIR,
    family="generative",
    defaults_from="by hand",
    labels="known",
    space=semi_supervised_space("epoch"),
    parameters=DECODER,
    citation=citations.SAFIR_BIBTEX,
)
