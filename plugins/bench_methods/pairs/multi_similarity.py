"""The multi-similarity loss, alone and with its miner: the reality check counts two methods."""

from __future__ import annotations

from typing import Any

from bench_methods.pairs import citations
from harness import Float, loss_method


def _loss(alpha: float, beta: float, base: float) -> Any:
    from pytorch_metric_learning.losses import MultiSimilarityLoss

    return MultiSimilarityLoss(alpha=alpha, beta=beta, base=base)


def _loss_and_miner(alpha: float, beta: float, base: float, epsilon: float) -> tuple[Any, Any]:
    from pytorch_metric_learning.miners import MultiSimilarityMiner

    return _loss(alpha, beta, base), MultiSimilarityMiner(epsilon=epsilon)


_REFERENCE = (
    "Wang et al., Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning, "
    "CVPR 2019"
)

multi_similarity = loss_method(
    "multi-similarity",
    _loss,
    summary="Soft maxima over the too distant positives and the too near negatives of each anchor, "
    "on all pairs of the batch.",
    reference=_REFERENCE,
    family="pair",
    defaults_from="published search",
    comparison="cosine",
    citation=citations.WANG_MULTI_SIMILARITY,
    alpha=Float(0.001, 100.0, default=4.3, log=True),
    beta=Float(0.01, 100.0, default=54.0, log=True),
    base=Float(0.0, 1.0, default=0.61),
)

multi_similarity_miner = loss_method(
    "multi-similarity-miner",
    _loss_and_miner,
    summary="The multi-similarity loss on the pairs its miner keeps: those within epsilon of the "
    "anchor's hardest pair of the other kind.",
    reference=_REFERENCE,
    family="pair",
    defaults_from="published search",
    comparison="cosine",
    citation=citations.WANG_MULTI_SIMILARITY,
    alpha=Float(1e-5, 100.0, default=14.0, log=True),
    beta=Float(0.01, 200.0, default=65.0, log=True),
    base=Float(0.0, 1.0, default=0.75),
    epsilon=Float(0.0, 1.0, default=0.41),
)
