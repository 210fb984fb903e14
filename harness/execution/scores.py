"""Scoring a test embedding by the protocol, with the further metrics of plugins."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.streams import stream_seed
from harness.errors import one_line, plain
from harness.execution.searches import joined_searches, searches_of, sides_of
from harness.extension import Metric
from harness.protocol.scoring import ScoringRule
from harness.record import Scores, Told
from harness.registry import Reference
from harness.scoring import SCORING_SEMANTICS

Arrays = Mapping[str, npt.NDArray[Any]]

log = logging.getLogger(__name__)


def score_part(
    arrays: Arrays, rule: ScoringRule, *, metrics: Sequence[Metric], seed: int
) -> tuple[Scores, dict[str, npt.NDArray[Any]]]:
    """Score one embedding; return the Scores and the per-query arrays to store.

    `arrays`: `test_embeddings` float32 (N, D), `test_labels` int64 (N,), `train_embeddings` and
    `train_labels` where the rule reads the training part, and those of `harness.data.roles` where
    it has roles or excludes. The arrays returned are named `per_query.METRIC`, and `queries` holds
    the positions they belong to.
    """
    embeddings, labels = arrays["test_embeddings"], arrays["test_labels"]
    found = searches_of(arrays, rule, seed=stream_seed(seed, "scoring"))
    result = joined_searches(found, labels)
    scores = Scores(
        semantics=SCORING_SEMANTICS,
        values={**result.values, **_classified(arrays, rule, seed), **_verified(arrays, rule)},
        class_means=dict(result.class_means),
        extra={metric.name: _extra(metric, embeddings, labels) for metric in metrics},
        told={metric.name: _told(metric) for metric in metrics},
        queries=len(result.queries),
        singletons=result.singletons,
        collapsed=result.collapsed,
    )
    per_query = {f"per_query.{name}": values for name, values in result.per_query.items()}
    return scores, {**per_query, "queries": result.queries}


def _verified(arrays: Arrays, rule: ScoringRule) -> dict[str, float]:
    """The verification scores, if the rule has false accept rates."""
    if not rule.verification:
        return {}
    from harness.scoring.verification import verify

    (asking, shelf), *_ = sides_of(arrays, rule, together=True)
    return verify(
        asking.embeddings,
        asking.labels,
        gallery=None if shelf is None else shelf.embeddings,
        gallery_labels=None if shelf is None else shelf.labels,
        fars=rule.verification,
        distance=rule.distance,
    ).values


def _classified(arrays: Arrays, rule: ScoringRule, seed: int) -> dict[str, float]:
    """`accuracy_NAME`, `macro_f1_NAME` and `ami_NAME` of each classifier that the rule names."""
    if not rule.classifiers:
        return {}
    from harness.scoring.classifiers import classify

    found = classify(
        arrays["train_embeddings"],
        arrays["train_labels"],
        arrays["test_embeddings"],
        arrays["test_labels"],
        classifiers=rule.classifiers,
        distance=rule.distance,
        seed=stream_seed(seed, "classifiers"),
    )
    return {
        f"{measure}_{name}": getattr(classified, measure)
        for name, classified in found.items()
        for measure in ("accuracy", "macro_f1", "ami")
    }


def _told(metric: Metric) -> Told:
    return Told(higher_is_better=metric.higher_is_better, low=metric.low, high=metric.high)


def _extra(
    metric: Metric, embeddings: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> float | None:
    """A plugin's metric, or None, with a line in the log, if it fails."""
    try:
        if isinstance(metric.compute, Reference):
            from harness.apart.helping import compute_apart

            value = compute_apart(metric.name, metric.compute, embeddings, labels)
        else:
            value = float(metric.compute(embeddings.copy(), labels.copy()))
    except (Exception, SystemExit) as error:
        log.warning("metric '%s' failed: %s", plain(metric.name, 60), one_line(error))
        return None
    if not math.isfinite(value):
        log.warning("metric '%s' gave %s", plain(metric.name, 60), value)
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
    folds: Sequence[Arrays], rule: ScoringRule, *, metrics: Sequence[Metric], seed: int
) -> Scores:
    """Score the joined embeddings of one replicate from its folds' stored arrays.

    Of one fold they are its own, as they are: nothing is joined, and what it searches stays.
    """
    joined = folds[0]
    if len(folds) > 1:
        joined = {**joined, "test_embeddings": concatenate([f["test_embeddings"] for f in folds])}
    scores, _ = score_part(joined, rule, metrics=metrics, seed=seed)
    return scores
