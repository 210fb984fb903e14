"""Scores of embeddings: arrays in, numbers out. docs/metrics.md defines every one of them.

What only some protocols ask for is in modules of its own: `verification`, `classifiers`,
`bootstrap`.
"""

from harness.scoring.agreement import agreement
from harness.scoring.clustering import Clustering, KMeans
from harness.scoring.scores import (
    SCORING_SEMANTICS,
    Scores,
    check_invariants,
    map_at_r,
    score_embeddings,
)

__all__ = [
    "SCORING_SEMANTICS",
    "Clustering",
    "KMeans",
    "Scores",
    "agreement",
    "check_invariants",
    "map_at_r",
    "score_embeddings",
]
