"""Losses on pairs and tuples of embeddings."""

from __future__ import annotations

from bench_methods.pairs.contextual import contextual
from bench_methods.pairs.contrastive import contrastive, contrastive_squared, snr_contrastive
from bench_methods.pairs.distance_levels import distance_levels
from bench_methods.pairs.dynamic_soft_margin import dynamic_soft_margin
from bench_methods.pairs.easy_positive import easy_positive
from bench_methods.pairs.fastap import fastap
from bench_methods.pairs.happier import happier
from bench_methods.pairs.hyperbolic import hyperbolic
from bench_methods.pairs.ladder import ladder
from bench_methods.pairs.lifted import generalized_lifted_structure, lifted_structure
from bench_methods.pairs.margin import margin, margin_distance_weighted, margin_per_class
from bench_methods.pairs.metrix import metrix
from bench_methods.pairs.multi_similarity import multi_similarity, multi_similarity_miner
from bench_methods.pairs.n_pair import angular, n_pair, n_pair_angular
from bench_methods.pairs.ntxent import ntxent
from bench_methods.pairs.pddm import pddm
from bench_methods.pairs.quadruplet import quadruplet, qwise
from bench_methods.pairs.ranking import deep_nca, histogram, pnp, ranked_list
from bench_methods.pairs.recall_at_k import recall_at_k
from bench_methods.pairs.roadmap import roadmap
from bench_methods.pairs.siamese import siamese, siamese_vector
from bench_methods.pairs.similarity import circle, tuplet_margin, tuplet_margin_variance
from bench_methods.pairs.triplet import METHODS as TRIPLETS
from harness import Method

METHODS: tuple[Method, ...] = (
    contrastive,
    contrastive_squared,
    snr_contrastive,
    siamese,
    siamese_vector,
    *TRIPLETS,
    dynamic_soft_margin,
    margin,
    margin_per_class,
    margin_distance_weighted,
    quadruplet,
    qwise,
    n_pair,
    angular,
    n_pair_angular,
    lifted_structure,
    generalized_lifted_structure,
    tuplet_margin,
    tuplet_margin_variance,
    pddm,
    ntxent,
    circle,
    multi_similarity,
    multi_similarity_miner,
    fastap,
    histogram,
    deep_nca,
    pnp,
    ranked_list,
    ladder,
    easy_positive,
    distance_levels,
    metrix,
    hyperbolic,
    recall_at_k,
    roadmap,
    contextual,
    happier,
)
