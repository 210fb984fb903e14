"""Losses on class vectors (softmax forms, proxies, centres, prototypes) and on whole batches.

Among them and those in `pairs` are all of pytorch-metric-learning's losses on embeddings and labels
but `InstanceLoss`, which in 2.9.0 takes the numbers of classes for positions in the batch.
"""

from __future__ import annotations

from bench_methods.proxies.adaface import adaface
from bench_methods.proxies.angle_multiples import large_margin_softmax, sphereface
from bench_methods.proxies.anti_collapse import anti_collapse
from bench_methods.proxies.center import center_loss
from bench_methods.proxies.cosine_margins import arcface, cosface, subcenter_arcface
from bench_methods.proxies.cross_batch_memory import cross_batch_memory
from bench_methods.proxies.group_loss import group
from bench_methods.proxies.hypergraph import hypergraph
from bench_methods.proxies.intra_batch import intra_batch
from bench_methods.proxies.manifold import manifold
from bench_methods.proxies.memory_virtual_classes import memory_virtual_classes
from bench_methods.proxies.non_isotropy import non_isotropy
from bench_methods.proxies.p2s_grad import p2s_grad
from bench_methods.proxies.potential_field import potential_field
from bench_methods.proxies.prototypical import prototypical
from bench_methods.proxies.proxy_anchor import proxy_anchor
from bench_methods.proxies.proxy_graph import proxy_graph
from bench_methods.proxies.proxy_nca import proxy_nca, proxy_nca_original
from bench_methods.proxies.proxy_nca_pp import proxy_nca_pp
from bench_methods.proxies.proxy_synthesis import proxy_synthesis
from bench_methods.proxies.smooth_ap import smooth_ap, threshold_consistent_margin
from bench_methods.proxies.soft_triple import soft_triple
from bench_methods.proxies.softmax import normalized_softmax
from bench_methods.proxies.supcon import supcon
from harness import Method

METHODS: tuple[Method, ...] = (
    proxy_nca,
    proxy_nca_original,
    proxy_anchor,
    normalized_softmax,
    cosface,
    arcface,
    subcenter_arcface,
    sphereface,
    large_margin_softmax,
    p2s_grad,
    soft_triple,
    center_loss,
    prototypical,
    manifold,
    supcon,
    smooth_ap,
    threshold_consistent_margin,
    cross_batch_memory,
    proxy_nca_pp,
    proxy_synthesis,
    memory_virtual_classes,
    proxy_graph,
    anti_collapse,
    potential_field,
    adaface,
    group,
    hypergraph,
    intra_batch,
    non_isotropy,
)
