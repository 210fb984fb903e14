"""Scoring a test embedding by the protocol: which embeddings search which; metrics of plugins."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.artifacts import Arrays, RunArray, per_query
from harness.data import stream_seed
from harness.errors import one_line, plain
from harness.hookspecs import Metric
from harness.metrics import metric_facts
from harness.protocol.rules import ScoringRule
from harness.record import Record, Scores, Told
from harness.registry import Reference
from harness.scoring import SCORING_SEMANTICS, EmbeddingScores, KMeans, score_embeddings

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Side:
    """Points that ask or are searched: `rows` (N,), where they stand in the test part.

    `exclude`: (N, X), by what they are told from an answer; None where nothing is excluded.
    """

    rows: Int64
    embeddings: npt.NDArray[np.float32]
    labels: Int64
    exclude: Int64 | None = None
    name: str = ""


def sides_of(
    arrays: Arrays, rule: ScoringRule, *, together: bool = False
) -> list[tuple[Side, Side | None]]:
    """Who asks and what is searched, for each gallery; no gallery: each searches all others.

    `together`: all galleries as one.
    """
    if rule.gallery == "given":
        roles = arrays[RunArray.TEST_ROLES]
        asking = _side(arrays, np.flatnonzero(roles == 0))
        if together:
            return [(asking, _side(arrays, np.flatnonzero(roles > 0)))]
        return [
            (asking, _side(arrays, np.flatnonzero(roles == place), name))
            for place, name in enumerate(rule.galleries, 1)
        ]
    every = _side(arrays)
    if rule.gallery == "self":
        return [(every, None)]
    labels = arrays[RunArray.TRAIN_LABELS]
    return [(every, Side(np.arange(len(labels)), arrays[RunArray.TRAIN_EMBEDDINGS], labels))]


def _side(arrays: Arrays, rows: Int64 | None = None, name: str = "") -> Side:
    embeddings, labels = arrays[RunArray.TEST_EMBEDDINGS], arrays[RunArray.TEST_LABELS]
    exclude = arrays.get(RunArray.TEST_EXCLUDE)
    if rows is None:
        return Side(np.arange(len(labels)), embeddings, labels, exclude, name)
    return Side(
        rows, embeddings[rows], labels[rows], None if exclude is None else exclude[rows], name
    )


def searches_of(arrays: Arrays, rule: ScoringRule, *, seed: int) -> dict[str, EmbeddingScores]:
    """The scores of each search by its gallery's name; positions are those of the test part."""
    found: dict[str, EmbeddingScores] = {}
    for asking, shelf in sides_of(arrays, rule):
        scores = score_embeddings(
            asking.embeddings,
            asking.labels,
            gallery=None if shelf is None else shelf.embeddings,
            gallery_labels=None if shelf is None else shelf.labels,
            recall_at=rule.recall_at,
            distance=rule.distance,
            # The queries are the same for every gallery, and so are their clusters.
            clustering=None if found else KMeans(restarts=rule.clustering_restarts),
            exclude=asking.exclude,
            gallery_exclude=None if shelf is None else shelf.exclude,
            seed=seed,
        )
        name = "" if shelf is None else shelf.name
        found[name] = replace(scores, queries=asking.rows[scores.queries])
    return found


def joined_searches(found: Mapping[str, EmbeddingScores], labels: Int64) -> EmbeddingScores:
    """One search as it is; of several, each query's mean over the galleries that hold its class.

    `labels`: int64 (N,), of the test part. `map_at_r_in_NAME` is MAP@R of one gallery alone.
    """
    first, *others = found.values()
    if not others:
        return first
    queries = np.unique(np.concatenate([one.queries for one in found.values()]))
    per_query = {name: _means(found.values(), name, queries) for name in first.per_query}
    values = {name: math.fsum(scores) / len(scores) for name, scores in per_query.items()}
    alone = {f"map_at_r_in_{name}": one.values["map_at_r"] for name, one in found.items()}
    return replace(
        first,
        values={**first.values, **values, **alone},
        class_means={
            name: _mean_of_classes(one, labels[queries]) for name, one in per_query.items()
        },
        per_query=per_query,
        queries=queries,
        singletons=len(first.queries) + first.singletons - len(queries),
    )


def _means(found: Iterable[EmbeddingScores], name: str, queries: Int64) -> Float64:
    sums, counts = np.zeros((2, len(queries)))
    for one in found:
        places = np.searchsorted(queries, one.queries)
        sums[places] += one.per_query[name]
        counts[places] += 1
    return sums / counts


def _mean_of_classes(scores: Float64, labels: Int64) -> float:
    _, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return math.fsum(np.bincount(codes, weights=scores) / sizes) / len(sizes)


log = logging.getLogger(__name__)


def score_part(
    arrays: Arrays, rule: ScoringRule, *, metrics: Sequence[Metric], seed: int
) -> tuple[Scores, dict[str, npt.NDArray[Any]]]:
    """Score one embedding; return the Scores and the per-query arrays to store.

    `arrays`: `test_embeddings` float32 (N, D), `test_labels` int64 (N,), `train_embeddings` and
    `train_labels` where the rule reads the training part, and those of `harness.data.splits` where
    it has roles or excludes. The arrays returned are named `per_query.METRIC`, and `queries` holds
    the positions they belong to.
    """
    embeddings, labels = arrays[RunArray.TEST_EMBEDDINGS], arrays[RunArray.TEST_LABELS]
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
    by_query = {per_query(name): values for name, values in result.per_query.items()}
    return scores, {**by_query, RunArray.QUERIES: result.queries}


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
        arrays[RunArray.TRAIN_EMBEDDINGS],
        arrays[RunArray.TRAIN_LABELS],
        arrays[RunArray.TEST_EMBEDDINGS],
        arrays[RunArray.TEST_LABELS],
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
            from harness.apart.helping import number_of

            value = number_of(metric.compute(embeddings.copy(), labels.copy()))
    except (Exception, SystemExit) as error:
        log.warning("metric '%s' failed: %s", plain(metric.name, 60), one_line(error))
        return None
    if not math.isfinite(value) or not _within(value, metric):
        bounds = metric_facts(metric.name, {metric.name: metric}).bounds
        outside = f", outside {bounds}, as its plugin declares" if bounds else ""
        log.warning("metric '%s' gave %s%s", plain(metric.name, 60), value, outside)
        return None
    return value


_ROUNDING = 1e-4
"""How far beyond its bounds a metric may be that was computed in float32."""


def _within(value: float, metric: Metric) -> bool:
    low = -math.inf if metric.low is None else metric.low - _ROUNDING * max(1.0, abs(metric.low))
    high = math.inf if metric.high is None else metric.high + _ROUNDING * max(1.0, abs(metric.high))
    return low <= value <= high


def concatenate(folds: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """L2-normalise each fold's embeddings, join them, normalise again: float32 (N, sum of D)."""
    return _unit(np.concatenate([_unit(fold) for fold in folds], axis=1))


def _unit(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = embeddings / np.maximum(norms, np.finfo(np.float32).tiny)
    return unit


def score_replicate(
    records: Sequence[Record],
    arrays_of: Callable[[Record], Arrays],
    rule: ScoringRule,
    *,
    metrics: Sequence[Metric],
) -> Scores:
    """Scores of the joined embeddings of a replicate's runs; of one run they are its own."""
    first, *others = records
    if not others and first.scores is not None and first.scores.semantics == SCORING_SEMANTICS:
        return first.scores
    folds = [arrays_of(record) for record in records]
    return score_concatenation(folds, rule, metrics=metrics, seed=first.identity.seed)


def score_concatenation(
    folds: Sequence[Arrays], rule: ScoringRule, *, metrics: Sequence[Metric], seed: int
) -> Scores:
    """Score the joined embeddings of one replicate from its folds' stored arrays.

    Of one fold they are its own, as they are: nothing is joined, and what it searches stays.
    """
    joined = folds[0]
    if len(folds) > 1:
        joined = {
            **joined,
            RunArray.TEST_EMBEDDINGS: concatenate([f[RunArray.TEST_EMBEDDINGS] for f in folds]),
        }
    scores, _ = score_part(joined, rule, metrics=metrics, seed=seed)
    return scores
