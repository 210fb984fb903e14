"""A metric loss and a fixed prior on the latent space (improvement proposal 2 of Safir et al.).

The paper builds its mixture of all 2^d vertices by enumeration, for d up to 4; the product form
used here is the same density at any d. There the metric loss is that of a latent point drawn from
the posterior around each embedding (`metric_of` = sample), which in its experiments and here hardly
learns; by default it is that of the embedding itself, the posterior's mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench_methods.generative import citations
from bench_methods.generative.metric_loss import build_plain, semi_supervised_space
from harness import Choice, Float, Method

if TYPE_CHECKING:
    from bench_methods.generative.prior import Prior
    from harness import Context, Objective, Range, Value


def _unit(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.prior import UnitPrior

    return _with_prior(UnitPrior(), point, context)


def _hypercube(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.prior import HypercubePrior

    return _with_prior(HypercubePrior(float(point["prior_log_variance"])), point, context)


def _with_prior(prior: Prior, point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.objectives import SemiSupervised
    from bench_methods.generative.posterior import Drawn, Posterior
    from bench_methods.generative.terms import Divergence

    plain = build_plain(point, context)
    posterior = Posterior(context.feature_size, context.embedding_size)
    drawn = Drawn(posterior, normalized=context.normalized)
    return SemiSupervised(
        plain,
        Divergence(posterior, prior),
        alpha=float(point["alpha"]),
        schedule=str(point["schedule"]),
        latent=drawn if point["metric_of"] == "sample" else None,
    )


POSTERIOR = "d * (F + 1)"
_SPACE: Mapping[str, Range] = {
    **semi_supervised_space("epoch"),
    "metric_of": Choice(("mean", "sample"), default="mean"),
}

dml_unit_prior = Method(
    name="dml-unit-prior",
    build=_unit,
    summary="A metric loss of the labelled samples and, for all, the KL divergence of a normal "
    "distribution around each unnormalised embedding from N(0, I); in turns or jointly. The "
    "paper's metric loss is of points drawn from it (metric_of=sample), and hardly learns.",
    reference=citations.SAFIR,
    family="generative",
    defaults_from="by hand",
    labels="known",
    space=_SPACE,
    parameters=POSTERIOR,
    citation=citations.SAFIR_BIBTEX,
)

dml_gmm_prior = Method(
    name="dml-gmm-prior",
    build=_hypercube,
    summary="As dml-unit-prior, with equal normal components at all 2^d vertices of the hypercube "
    "[-1, 1]^d as the prior; the divergence is by one sample.",
    reference=citations.SAFIR,
    family="generative",
    defaults_from="by hand",
    labels="known",
    space={
        **_SPACE,
        "prior_log_variance": Float(-2.0, 2.0, default=1.0),
    },
    parameters=POSTERIOR,
    citation=citations.SAFIR_BIBTEX,
)
