"""Mahalanobis distances from constraints on tuples: ITML, LSML, MMC and RCA, by metric-learn.

The tuples are drawn from the labels. The library asks for 20 C^2 of them by default, 720,000 for
190 classes, and its solvers are loops: here ITML gets 2,000 pairs of each kind and at most 30
passes, LSML 4,000 quadruplets, MMC 1,000 pairs of each kind and 5 steps (of 100: its optimum is of
low rank, and later steps only get closer to that). A small training part has fewer. The start and
the prior are the identity on whitened features, which is the inverse covariance on the features.

LSML weighs its comparisons against the prior by `weight` (the library: 1); the default was chosen
on validation classes.

RCA draws chunklets of `chunk_size` samples of one class and uses every sample it can; the library
asks for 100 chunklets. On whitened features its widest axes are those of Fisher's projection, by
which the library reduces.
"""

from __future__ import annotations

from typing import Any

from bench_methods.linear.citations import DAVIS, LIU, SHENTAL, XING
from bench_methods.linear.readout import EXTRA, linear_method
from harness import Choice, Float, Int

ITML_PAIRS, ITML_PASSES = 2000, 30
LSML_QUADRUPLETS = 4000
MMC_PAIRS, MMC_STEPS = 1000, 5


def _itml(features: Any, labels: Any, *, width: int, seed: int, gamma: float) -> Any:
    from metric_learn import ITML_Supervised

    from bench_methods.linear.library import components_of, widest
    from bench_methods.linear.subsample import pairs_within

    estimator = ITML_Supervised(
        gamma=gamma,
        n_constraints=pairs_within(labels, most=ITML_PAIRS),
        max_iter=ITML_PASSES,
        random_state=seed,
    )
    return widest(components_of(estimator, features, labels), width)


def _lsml(features: Any, labels: Any, *, width: int, seed: int, weight: float) -> Any:
    from metric_learn import LSML_Supervised

    from bench_methods.linear.library import components_of, widest
    from bench_methods.linear.subsample import pairs_within

    estimator = LSML_Supervised(
        n_constraints=pairs_within(labels, most=LSML_QUADRUPLETS), random_state=seed
    )
    # Distances times c make the comparisons weigh c^2 as much, and leave the prior as it is.
    return widest(components_of(estimator, features * weight**0.5, labels), width)


def _mmc(features: Any, labels: Any, *, width: int, seed: int, form: str) -> Any:
    from metric_learn import MMC_Supervised

    from bench_methods.linear.library import components_of, widest
    from bench_methods.linear.subsample import pairs_within

    estimator = MMC_Supervised(
        n_constraints=pairs_within(labels, most=MMC_PAIRS),
        max_iter=MMC_STEPS,
        diagonal=form == "diagonal",
        random_state=seed,
    )
    return widest(components_of(estimator, features, labels), width)


def _rca(features: Any, labels: Any, *, width: int, seed: int, chunk_size: int) -> Any:
    from metric_learn import RCA

    from bench_methods.linear.library import components_of, widest
    from bench_methods.linear.subsample import chunklets

    chunks = chunklets(labels, size=chunk_size, seed=seed)
    return widest(components_of(RCA(), features, chunks), width)


itml = linear_method(
    "itml",
    _itml,
    summary="The Mahalanobis distance nearest to a prior, in relative entropy, that keeps pairs of "
    "a class near and others far.",
    reference="Davis et al., Information-Theoretic Metric Learning, ICML 2007",
    citation=DAVIS,
    defaults_from="library",
    requires=EXTRA,
    gamma=Float(0.01, 10.0, default=1.0, log=True),
)

lsml = linear_method(
    "lsml",
    _lsml,
    summary="Least squares on relative comparisons of distances, against a prior.",
    reference="Liu et al., Metric Learning from Relative Comparisons by Minimizing Squared "
    "Residual, ICDM 2012",
    citation=LIU,
    defaults_from="validation here",
    requires=EXTRA,
    weight=Float(1.0, 1e4, default=1000.0, log=True),
)

mmc = linear_method(
    "mmc",
    _mmc,
    summary="The most distance between classes for a bounded squared distance within: the first "
    "Mahalanobis metric learned.",
    reference="Xing et al., Distance Metric Learning with Application to Clustering with "
    "Side-Information, NeurIPS 2002",
    citation=XING,
    defaults_from="library",
    requires=EXTRA,
    form=Choice(("full", "diagonal"), default="full"),
)

rca = linear_method(
    "rca",
    _rca,
    summary="Whitening by the covariance within chunklets of one class.",
    reference="Shental et al., Adjustment Learning and Relevant Component Analysis, ECCV 2002",
    citation=SHENTAL,
    defaults_from="library",
    requires=EXTRA,
    chunk_size=Int(2, 16, default=2),
)
