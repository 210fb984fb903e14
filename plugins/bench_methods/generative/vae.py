"""The VAE, and the MetricVAE with a VampPrior (improvement proposal 3 of Safir et al.).

Latent points are drawn around the unnormalised embedding; the metric loss and the test see the
embedding itself, the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench_methods.generative import citations
from bench_methods.generative.autoencoder import DECODER
from bench_methods.generative.dml_priors import POSTERIOR
from bench_methods.generative.metric_loss import build_plain, semi_supervised_space
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Int, Method

if TYPE_CHECKING:
    from bench_methods.generative.prior import Prior
    from bench_methods.generative.terms import EvidenceBound
    from harness import Context, Objective, Value


def evidence_bound(prior: Prior, context: Context) -> EvidenceBound:
    """The VAE's loss under a prior, with a posterior and a decoder of its own."""
    from bench_methods.generative.decoder import Decoder
    from bench_methods.generative.posterior import Posterior
    from bench_methods.generative.terms import EvidenceBound

    return EvidenceBound(
        Posterior(context.feature_size, context.embedding_size),
        prior,
        Decoder(context.embedding_size, context.input_shape),
    )


def _vae(_: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.objectives import Unsupervised
    from bench_methods.generative.prior import UnitPrior

    return Unsupervised(evidence_bound(UnitPrior(), context))


def _metric_vae(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.objectives import SemiSupervised
    from bench_methods.generative.vamp_prior import VampPrior

    plain = build_plain(point, context)
    prior = VampPrior(int(point["components"]), context.input_shape, context.generator)
    return SemiSupervised(
        plain,
        evidence_bound(prior, context),
        alpha=float(point["alpha"]),
        schedule=str(point["schedule"]),
    )


def _variant(name: str, schedule: str, summary: str) -> Method:
    return Method(
        name=name,
        build=_metric_vae,
        summary=summary,
        reference=f"{citations.SAFIR}; the prior: {citations.TOMCZAK}",
        family="generative",
        defaults_from="by hand",
        labels="known",
        space={
            **semi_supervised_space(schedule),
            "components": Int(10, 500, default=50, log=True),
        },
        parameters=f"{DECODER} + {POSTERIOR} + components * D",
        citation=citations.SAFIR_BIBTEX,
    )


VAE_PARAMETERS = f"{DECODER} + {POSTERIOR}"

vae = Method(
    name="vae",
    build=_vae,
    summary="The variational autoencoder with a normal posterior around each unnormalised "
    "embedding, a unit prior and a normal likelihood; no labels. Neither decoder nor sampling at "
    "test.",
    reference=citations.KINGMA,
    family="generative",
    defaults_from="paper",
    space={"objective_rate": OBJECTIVE_RATE},
    batch="uniform",
    labels="none",
    parameters=VAE_PARAMETERS,
    citation=citations.KINGMA_BIBTEX,
)

metric_vae = _variant(
    "metric-vae",
    "epoch",
    "A metric loss of the labelled samples and, in epochs of its own, a VAE on all: its prior is "
    "the mean posterior of learned pseudo-inputs (VampPrior), which are embedded with every batch "
    "of the VAE and so cost as many images as they are.",
)

metric_vae_batch = _variant(
    "metric-vae-batch",
    "batch",
    "metric-vae with metric loss and VAE in turns from batch to batch.",
)

metric_vae_joint = _variant(
    "metric-vae-joint",
    "joint",
    "metric-vae with the weighted sum of metric loss and VAE at every step. With batches of 32 its "
    "50 pseudo-inputs make each step cost three times that of a plain loss.",
)
