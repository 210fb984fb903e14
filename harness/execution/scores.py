"""Scoring a test embedding by the protocol, with the further metrics of plugins."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.streams import stream_seed
from harness.extension import Metric
from harness.protocol.model import ScoringRule
from harness.record import Scores
from harness.scoring import SCORING_SEMANTICS, KMeans, score_embeddings

log = logging.getLogger(__name__)


def score_part(
    embeddings: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    rule: ScoringRule,
    *,
    metrics: Sequence[Metric],
    seed: int,
) -> tuple[Scores, dict[str, npt.NDArray[Any]]]:
    """Score one embedding; return the Scores and the per-query arrays to store.

    `embeddings`: float32 (N, D). `labels`: int64 (N,). The arrays are named `per_query.METRIC`,
    and `queries` holds the positions they belong to.
    """
    result = score_embeddings(
        embeddings,
        labels,
        recall_at=rule.recall_at,
        distance=rule.distance,
        clustering=KMeans(restarts=rule.clustering_restarts),
        seed=stream_seed(seed, "scoring"),
    )
    scores = Scores(
        semantics=SCORING_SEMANTICS,
        values=dict(result.values),
        class_means=dict(result.class_means),
        extra={metric.name: _extra(metric, embeddings, labels) for metric in metrics},
        queries=len(result.queries),
        singletons=result.singletons,
        collapsed=result.collapsed,
    )
    arrays = {f"per_query.{name}": values for name, values in result.per_query.items()}
    return scores, {**arrays, "queries": result.queries}


def _extra(
    metric: Metric, embeddings: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> float | None:
    """A plugin's metric, or None, with a line in the log, if it fails."""
    try:
        value = float(metric.compute(embeddings.copy(), labels.copy()))
    except (Exception, SystemExit) as error:
        log.warning("metric '%s' failed: %s: %s", metric.name, type(error).__name__, error)
        return None
    if not math.isfinite(value):
        log.warning("metric '%s' gave %s", metric.name, value)
        return None
    return value


def concatenate(folds: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """L2-normalise each fold's embeddings, join them, normalise again: float32 (N, sum of D)."""
    return _unit(np.concatenate([_unit(fold) for fold in folds], axis=1))


def _unit(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = embeddings / np.maximum(norms, np.finfo(np.float32).tiny)
    return unit


def score_concatenation(
    folds: Sequence[Mapping[str, npt.NDArray[Any]]],
    rule: ScoringRule,
    *,
    metrics: Sequence[Metric],
    seed: int,
) -> Scores:
    """Score the joined embeddings of one replicate from its folds' stored arrays."""
    joined = concatenate([fold["test_embeddings"] for fold in folds])
    scores, _ = score_part(joined, folds[0]["test_labels"], rule, metrics=metrics, seed=seed)
    return scores
