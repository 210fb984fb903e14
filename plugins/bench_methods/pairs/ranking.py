"""Losses that order the neighbours of an anchor: NCA, ranked list, histogram, PNP.

PNP is pytorch-metric-learning's. NCA has no scale in the paper: its linear map has any length. The
default was chosen on validation classes.
"""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Choice, Float, Int, loss_method


def _histogram(bins: int) -> Any:
    from bench_methods.pairs.histogram_loss import HistogramLoss

    return HistogramLoss(bins)


def _nca(scale: float) -> Any:
    from bench_methods.pairs.nca_loss import NCALoss

    return NCALoss(scale)


def _ranked_list(margin: float, alpha: float, temperature: float, imbalance: float) -> Any:
    from bench_methods.pairs.ranked_list_loss import RankedListLoss

    return RankedListLoss(margin, alpha, temperature, imbalance)


def _pnp(variant: str, alpha: float, anneal: float) -> Any:
    from pytorch_metric_learning.losses import PNPLoss

    return PNPLoss(alpha=alpha, anneal=anneal, variant=variant)


histogram = loss_method(
    "histogram",
    _histogram,
    summary="The probability that a random negative pair of the batch is more similar than a "
    "random positive one, from soft histograms of the cosines of both.",
    reference="Ustinova and Lempitsky, Learning Deep Embeddings with Histogram Loss, NeurIPS 2016",
    family="ranking",
    defaults_from="by hand",
    comparison="cosine",
    citation=citations.USTINOVA,
    bins=Int(4, 500, default=100, log=True),
)

deep_nca = loss_method(
    "deep-nca",
    _nca,
    summary="The negative log-probability that a neighbour, drawn by e^(-scale d^2), is of the "
    "anchor's class: NCA on the embeddings of a batch, in place of a linear map.",
    reference="Goldberger et al., Neighbourhood Components Analysis, NeurIPS 2004",
    family="ranking",
    defaults_from="validation here",
    comparison="euclidean",
    citation=citations.GOLDBERGER,
    scale=Float(0.1, 100.0, default=8.0, log=True),
)

ranked_list = loss_method(
    "ranked-list",
    _ranked_list,
    summary="Each anchor's positives inside a ball, its negatives outside one larger by the "
    "margin, the nearer negatives weighted more, by e^(temperature x violation).",
    reference="Wang et al., Ranked List Loss for Deep Metric Learning, CVPR 2019",
    family="ranking",
    defaults_from="paper",
    comparison="cosine",
    citation=citations.WANG_RANKED_LIST,
    margin=Float(0.0, 1.0, default=0.4),
    alpha=Float(0.5, 2.0, default=1.2),
    temperature=Float(0.0, 20.0, default=10.0),
    imbalance=Float(0.0, 1.0, default=0.5),
)

pnp = loss_method(
    "pnp",
    _pnp,
    summary="For each positive a function of how many negatives rank before it, softly counted: "
    "their number (O), penalised more steeply (Iu, Ib) or less (Ds, Dq), as the variant says.",
    reference="Li et al., Rethinking the Optimization of Average Precision: Only Penalizing "
    "Negative Instances before Positive Ones is Enough, AAAI 2022",
    family="ranking",
    defaults_from="library",
    comparison="cosine",
    citation=citations.LI,
    variant=Choice(("Ds", "Dq", "Iu", "Ib", "O"), default="Dq"),
    alpha=Float(0.1, 10.0, default=1.0, log=True),
    anneal=Float(0.001, 1.0, default=0.01, log=True),
)
