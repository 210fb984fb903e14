"""Every method of the field's reviews, a folder for each idea.

For the methods of "A Metric Learning Reality Check" (Musgrave et al., ECCV 2020) every range is the
union of the paper's ranges at the end of its searches, every default the median of its best values
over CUB200, Cars196, SOP and CUB200 with batches of 256. The paper searched the learning rate of a
loss's own parameters too: here every method that has any has `objective_rate`, a multiple of the
protocol's.
"""

from __future__ import annotations

from bench_methods import (
    baselines,
    clustering,
    covariance,
    ensembles,
    generative,
    guided,
    linear,
    multi_task,
    pairs,
    proxies,
    unsupervised,
)
from harness import Method, hookimpl

METHODS: tuple[Method, ...] = (
    *baselines.METHODS,
    *pairs.METHODS,
    *proxies.METHODS,
    *clustering.METHODS,
    *covariance.METHODS,
    *guided.METHODS,
    *generative.METHODS,
    *ensembles.METHODS,
    *unsupervised.METHODS,
    *linear.METHODS,
    *multi_task.METHODS,
)


@hookimpl
def bench_methods() -> tuple[Method, ...]:
    """Every method of this distribution."""
    return METHODS
