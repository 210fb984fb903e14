"""Scores of embeddings: arrays in, numbers out. docs/metrics.md defines every one of them.

What only some protocols ask for is in modules of its own: `verification`, `classifiers`,
`bootstrap`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from harness.errors import UserError
from harness.scoring.agreement import agreement
from harness.scoring.clustering import Clustering, KMeans, cluster
from harness.scoring.geometry import COLLAPSE_BELOW, Int64, place, spread
from harness.scoring.inputs import Distance, check_distance, check_embeddings, check_labels, encode
from harness.scoring.retrieval import Draw, Retrieval, retrieve

__all__ = [
    "SCORING_SEMANTICS",
    "Clustering",
    "EmbeddingScores",
    "KMeans",
    "agreement",
    "check_invariants",
    "map_at_r",
    "score_embeddings",
]


SCORING_SEMANTICS: int = 2
"""Raised by hand whenever a change alters any number; golden scores in the tests watch it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingScores:
    """The scores of one set of embeddings.

    `values`: name to score: precision_at_1, recall_at_K, r_precision, map_at_r (means over
    `queries`), map and mrr unless the ranking was cut short, and nmi, ami, ari, pairwise_f1
    unless clustering was skipped.
    `class_means`: the retrieval scores again, as means over classes of their queries' means.
    `per_query`: name to float64 (Q,), one for each of `queries`: int64 (Q,), rows of the input.
    `singletons`: queries left out because the gallery has no other item of their class.
    `collapsed`: whether `spread` (RMS distance from the mean over RMS length, 0 to 1) is so small
    that the similarities are rounding; the scores then say little.
    `clustering`: restarts, seed and their spread, or None.
    """

    values: dict[str, float]
    class_means: dict[str, float]
    per_query: dict[str, npt.NDArray[np.float64]]
    queries: Int64
    singletons: int
    collapsed: bool
    spread: float
    clustering: Clustering | None = field(default=None)


def score_embeddings(  # noqa: PLR0913  the gallery comes in two parts
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    gallery: npt.ArrayLike | None = None,
    gallery_labels: npt.ArrayLike | None = None,
    recall_at: Sequence[int] = (1, 2, 4, 8),
    distance: Distance = "cosine",
    whole_ranking: bool = True,
    device: str | None = None,
    clustering: KMeans | None = KMeans(),  # noqa: B008  frozen
    draw: int | None = None,
    exclude: npt.ArrayLike | None = None,
    gallery_exclude: npt.ArrayLike | None = None,
    seed: int,
) -> EmbeddingScores:
    """Score embeddings by their labels, as docs/metrics.md defines it.

    `embeddings`: float16, float32 or float64 (N, D); similarities are float32 products of rows
    rounded to float32 (cosine: after scaling in float64). `labels`: integers (N,) of any size.
    `gallery`, `gallery_labels`: what is searched; without them each query searches all others.
    `whole_ranking`: False leaves out map and mrr, the only scores that read past rank R and the
    Ks, and takes about a third less time where classes are large.
    `device`: one of torch, such as `cuda`, on which to rank; None is this processor, without torch.
    The same scores, but where float32 products that round otherwise order two items otherwise.
    `draw`: score so many queries only, drawn with the seed, against the whole gallery.
    `exclude`, `gallery_exclude`: integers or texts (N,) or (N, X), such as cameras: a gallery item
    of a query's class with one of its values is left out for that query, neither found nor missed.
    `seed`: of the k-means restarts and of the draw; nothing else is random.

    Raises UserError for anything that cannot be scored: wrong shapes or dtypes, values that are
    not finite, a single class, no query with a relevant item.
    """
    metric = check_distance(distance)
    queries, codes, shelf, shelf_codes = _check(embeddings, labels, gallery, gallery_labels)
    points, *others = place(queries, metric, *([] if shelf is None else [shelf]))
    found = retrieve(
        points,
        codes,
        gallery=others[0] if others else None,
        gallery_labels=shelf_codes,
        recall_at=_check_recall_at(recall_at),
        whole_ranking=whole_ranking,
        device=device,
        draw=None if draw is None else Draw(draw, seed),
        exclude=_excluded(exclude, gallery_exclude, queries, shelf, device),
    )
    _check_scored(found)
    values = {name: _mean(scores) for name, scores in found.per_query.items()}
    details = None
    if clustering is not None:
        agreed, details = cluster(points, codes, clustering, seed=seed)
        values |= agreed
    width = spread(points)
    return EmbeddingScores(
        values=values,
        class_means=_class_means(found, codes),
        per_query=found.per_query,
        queries=found.queries,
        singletons=len(codes) - found.able,
        collapsed=width < COLLAPSE_BELOW[metric],
        spread=width,
        clustering=details,
    )


def map_at_r(
    embeddings: npt.ArrayLike, labels: npt.ArrayLike, *, distance: Distance = "cosine"
) -> float:
    """MAP@R alone, the same number as `score_embeddings` gives: for validation while training."""
    metric = check_distance(distance)
    queries, codes, _, _ = _check(embeddings, labels, None, None)
    (points,) = place(queries, metric)
    found = retrieve(points, codes, recall_at=(), whole_ranking=False)
    _check_scored(found)
    return _mean(found.per_query["map_at_r"])


def _check(
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    gallery: npt.ArrayLike | None,
    gallery_labels: npt.ArrayLike | None,
) -> tuple[npt.NDArray[np.floating], Int64, npt.NDArray[np.floating] | None, Int64 | None]:
    queries = check_embeddings(embeddings)
    named = check_labels(labels, len(queries))
    if (gallery is None) != (gallery_labels is None):
        raise UserError("a gallery needs its labels, and gallery labels need a gallery")
    if gallery is None or gallery_labels is None:
        (codes,) = encode(named, None)
        if codes.max() == 0:
            raise UserError(f"all {len(codes)} labels are the same: there is nothing to tell apart")
        return queries, codes, None, None
    shelf = check_embeddings(gallery, what="gallery")
    if shelf.shape[1] != queries.shape[1]:
        raise UserError(
            f"gallery has {shelf.shape[1]} dimensions, the embeddings have {queries.shape[1]}"
        )
    codes, shelf_codes = encode(
        named, check_labels(gallery_labels, len(shelf), what="gallery labels")
    )
    if len(np.unique(shelf_codes)) == 1:
        raise UserError("all gallery labels are the same: there is nothing to tell apart")
    return queries, codes, shelf, shelf_codes


def _excluded(
    exclude: npt.ArrayLike | None,
    shelved: npt.ArrayLike | None,
    queries: npt.NDArray[np.floating],
    shelf: npt.NDArray[np.floating] | None,
    device: str | None,
) -> tuple[Int64, Int64] | None:
    """Codes of what queries and gallery are told apart by, (N, X) and (G, X); None without."""
    if exclude is None and shelved is None:
        return None
    if device is not None:
        raise UserError("exclude: ranks on this processor, not on a device")
    sides = [exclude] if shelf is None else [exclude, shelved]
    lengths = [len(queries)] if shelf is None else [len(queries), len(shelf)]
    if (shelf is None) != (shelved is None) or exclude is None:
        raise UserError("exclude takes values of the queries, and of the gallery if there is one")
    columns = []
    for side, length in zip(sides, lengths, strict=True):
        array = np.asarray(side)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or len(array) != length:
            raise UserError(f"exclude: {array.shape[0]} values for {length} rows")
        columns.append(array)
    if len({array.shape[1] for array in columns}) > 1:
        raise UserError("exclude: queries and gallery have other numbers of columns")
    coded = [
        np.unique(np.concatenate(parts), return_inverse=True)[1]
        for parts in zip(*(array.T for array in columns), strict=True)
    ]
    codes = np.stack(coded, axis=1).astype(np.int64)
    return codes[: len(queries)], codes[-lengths[-1] :]


def _check_recall_at(recall_at: Sequence[int]) -> tuple[int, ...]:
    if any(isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in recall_at):
        raise UserError(f"recall_at takes whole numbers from 1 up, not {tuple(recall_at)}")
    return tuple(sorted({1, *recall_at}))


def _check_scored(found: Retrieval) -> None:
    if len(found.queries) == 0:
        raise UserError("no query has another item of its class to find: no positive pair")


def _mean(scores: npt.NDArray[np.float64]) -> float:
    # fsum rounds once, so that the mean does not depend on the order either.
    return math.fsum(scores) / len(scores)


def _class_means(found: Retrieval, codes: Int64) -> dict[str, float]:
    _, inverse, sizes = np.unique(codes[found.queries], return_inverse=True, return_counts=True)
    return {
        name: _mean(np.bincount(inverse, weights=scores) / sizes)
        for name, scores in found.per_query.items()
    }


_ROUNDING = 1e-9
_MAY_BE_NEGATIVE = {"ami", "ari"}
_NAMES = re.compile(
    r"precision_at_1|recall_at_[1-9]\d*|r_precision|map_at_r|map|mrr|nmi|ami|ari|pairwise_f1"
)


def check_invariants(values: Mapping[str, float]) -> list[str]:
    """Return a sentence for each invariant that the scores break; none for sound scores.

    Checked where the names are there: every score at most 1, and at least 0 (AMI and ARI: -1);
    precision_at_1 = recall_at_1; recall_at_K never falling with K; map_at_r at most r_precision;
    mrr between precision_at_1 and 1. Names that are no scores of this package are left alone.
    """
    known = {name: value for name, value in values.items() if _NAMES.fullmatch(name)}
    return [*_out_of_range(known), *_out_of_order(known)]


def _out_of_range(values: Mapping[str, float]) -> list[str]:
    problems = []
    for name, value in values.items():
        low = -1.0 if name in _MAY_BE_NEGATIVE else 0.0
        if not low - _ROUNDING <= value <= 1 + _ROUNDING:  # NaN is not in range either
            problems.append(f"{name} is {value}, outside {low:g} to 1")
    return problems


def _out_of_order(values: Mapping[str, float]) -> list[str]:
    recalls = sorted((int(name[10:]), name) for name in values if name.startswith("recall_at_"))
    names = [name for _, name in recalls]
    pairs = [("map_at_r", "r_precision"), ("precision_at_1", "mrr"), *pairwise(names)]
    problems = [
        f"{smaller} is {values[smaller]}, above {larger}, {values[larger]}"
        for smaller, larger in pairs
        if smaller in values and larger in values and values[smaller] > values[larger] + _ROUNDING
    ]
    first, recall = values.get("precision_at_1"), values.get("recall_at_1")
    if first is not None and recall is not None and abs(first - recall) > _ROUNDING:
        problems.append(f"precision_at_1 is {first}, recall_at_1 is {recall}: not the same")
    return problems
