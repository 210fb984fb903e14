"""A prior fitted to the embeddings of a trained metric loss (the future work of Safir et al.)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench_methods.generative import citations
from bench_methods.generative.metric_loss import build_plain, semi_supervised_space
from bench_methods.generative.vae import VAE_PARAMETERS, evidence_bound
from harness import Int, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.fitted_prior import FittedPrior
    from bench_methods.generative.halfway_prior import HalfwayPrior

    plain = build_plain(point, context)
    prior = FittedPrior(int(point["components"]), context.generator)
    epochs = -(-context.steps // context.steps_per_epoch)
    return HalfwayPrior(
        plain,
        evidence_bound(prior, context),
        prior,
        alpha=float(point["alpha"]),
        schedule=str(point["schedule"]),
        fit_at=epochs // 2,
    )


dml_fitted_gmm_prior = Method(
    name="dml-fitted-gmm-prior",
    build=_build,
    summary="A metric loss alone for half of the epochs; then a mixture of normals is fitted to "
    "the unnormalised embeddings and is the prior of a VAE that trains beside the metric loss.",
    reference=f"{citations.SAFIR} (future work)",
    family="generative",
    defaults_from="by hand",
    labels="known",
    space={
        **semi_supervised_space("joint"),
        "components": Int(2, 256, default=32, log=True),
    },
    parameters=VAE_PARAMETERS,
    citation=citations.SAFIR_BIBTEX,
)
