"""Losses on class vectors (softmax forms, proxies, centres, prototypes) and on whole batches.

With those in `pairs` they are all of pytorch-metric-learning's losses on embeddings and labels but
`InstanceLoss`, which in 2.9.0 takes the numbers of classes for positions in the batch.
"""

from __future__ import annotations

from bench_methods.proxies.angle_multiples import large_margin_softmax, sphereface
from bench_methods.proxies.center import center_loss
from bench_methods.proxies.cosine_margins import arcface, cosface, subcenter_arcface
from bench_methods.proxies.cross_batch_memory import cross_batch_memory
from bench_methods.proxies.manifold import manifold
from bench_methods.proxies.p2s_grad import p2s_grad
from bench_methods.proxies.prototypical import prototypical
from bench_methods.proxies.proxy_anchor import proxy_anchor
from bench_methods.proxies.proxy_nca import proxy_nca, proxy_nca_original
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
)
