"""Scores of embeddings: arrays in, numbers out. docs/metrics.md defines every one of them."""

from harness.scoring.agreement import agreement
from harness.scoring.bootstrap import Interval, bootstrap_intervals
from harness.scoring.classifiers import Classified, classify
from harness.scoring.clustering import Clustering, KMeans
from harness.scoring.invariants import check_invariants
from harness.scoring.scores import SCORING_SEMANTICS, Scores, map_at_r, score_embeddings
from harness.scoring.verification import Verification, verify

__all__ = [
    "SCORING_SEMANTICS",
    "Classified",
    "Clustering",
    "Interval",
    "KMeans",
    "Scores",
    "Verification",
    "agreement",
    "bootstrap_intervals",
    "check_invariants",
    "classify",
    "map_at_r",
    "score_embeddings",
    "verify",
]
