"""The methods of "A Metric Learning Reality Check" (Musgrave et al., ECCV 2020).

Every range is the union of the paper's ranges at the end of its searches, every default the
median of its best values over CUB200, Cars196, SOP and CUB200 with batches of 256. The paper
searched the learning rate of a loss's own parameters too; here the protocol fixes it.
"""

from __future__ import annotations

from bench_methods.contrastive import contrastive, snr_contrastive
from bench_methods.fastap import fastap
from bench_methods.margin import margin, margin_per_class
from bench_methods.multi_similarity import multi_similarity, multi_similarity_miner
from bench_methods.ntxent import ntxent
from bench_methods.proxy_nca import proxy_nca
from bench_methods.soft_triple import soft_triple
from bench_methods.softmax import arcface, cosface, normalized_softmax
from bench_methods.triplet import triplet
from bench_methods.untrained import untrained
from harness import Method, hookimpl

METHODS: tuple[Method, ...] = (
    untrained,
    contrastive,
    triplet,
    ntxent,
    proxy_nca,
    margin,
    margin_per_class,
    normalized_softmax,
    cosface,
    arcface,
    fastap,
    snr_contrastive,
    multi_similarity,
    multi_similarity_miner,
    soft_triple,
)


@hookimpl
def bench_methods() -> tuple[Method, ...]:
    """Every method of this distribution."""
    return METHODS
