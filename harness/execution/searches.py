"""Which embeddings search which, by a protocol's rule; several searches as the scores of one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.protocol.scoring import ScoringRule
from harness.scoring import KMeans, Scores, score_embeddings

Arrays = Mapping[str, npt.NDArray[Any]]
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
        roles = arrays["test_roles"]
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
    labels = arrays["train_labels"]
    return [(every, Side(np.arange(len(labels)), arrays["train_embeddings"], labels))]


def _side(arrays: Arrays, rows: Int64 | None = None, name: str = "") -> Side:
    embeddings, labels = arrays["test_embeddings"], arrays["test_labels"]
    exclude = arrays.get("test_exclude")
    if rows is None:
        return Side(np.arange(len(labels)), embeddings, labels, exclude, name)
    return Side(
        rows, embeddings[rows], labels[rows], None if exclude is None else exclude[rows], name
    )


def searches_of(arrays: Arrays, rule: ScoringRule, *, seed: int) -> dict[str, Scores]:
    """The scores of each search by its gallery's name; positions are those of the test part."""
    found: dict[str, Scores] = {}
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


def joined_searches(found: Mapping[str, Scores], labels: Int64) -> Scores:
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


def _means(found: Iterable[Scores], name: str, queries: Int64) -> Float64:
    sums, counts = np.zeros((2, len(queries)))
    for one in found:
        places = np.searchsorted(queries, one.queries)
        sums[places] += one.per_query[name]
        counts[places] += 1
    return sums / counts


def _mean_of_classes(scores: Float64, labels: Int64) -> float:
    _, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return math.fsum(np.bincount(codes, weights=scores) / sizes) / len(sizes)
