"""Change points of a short series: CUSUM, permutation p-values, binary segmentation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVEL = 0.01
DRAWS = 1999


@dataclass(frozen=True)
class ChangePoint:
    """The first time `at` which the level is another, by how much, and the p-value of that.

    `change`: mean of the part from there to the next change less that of the part before.
    """

    at: int
    change: float
    p_value: float


def change_points(
    values: npt.ArrayLike, *, seed: int, level: float = LEVEL, draws: int = DRAWS
) -> list[ChangePoint]:
    """Find where the mean over replicates changes; times ascending.

    `values`: float (replicates, times), the same replicate (a seed) along a row, NaN where there
    is none. In each part the cut of largest CUSUM, |mean after - mean before| sqrt(k (t - k) / t),
    is held against the largest of `draws` series whose rows were permuted, each by itself: had
    nothing changed, a seed's scores would be as likely in any other order. Where p <= `level` the
    part is cut there and both pieces are searched again (Scott and Knott 1974; Vostrikova 1981).
    Only replicates that are there at every time of a part count for it; if there is none, the
    means do. Rows of equal values never change.
    """
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    rng = np.random.default_rng(seed)
    found: dict[int, float] = {}
    parts = [(0, table.shape[1])]
    while parts:
        start, end = parts.pop()
        cut, p_value = _best_cut(table[:, start:end], rng, draws)
        if cut and p_value <= level:
            found[start + cut] = p_value
            parts += [(start, start + cut), (start + cut, end)]
    edges = [0, *sorted(found), table.shape[1]]
    return [
        ChangePoint(at, _change(table, edges[i], at, edges[i + 2]), found[at])
        for i, at in enumerate(edges[1:-1])
    ]


def _best_cut(part: Floats, rng: np.random.Generator, draws: int) -> tuple[int, float]:
    """The cut (0 where there is none to make) and its p-value."""
    rows = _rows(part)
    times = rows.shape[1]
    if times < 2:
        return 0, 1.0
    sizes = _cusum(rows[None])[0]
    cut = int(sizes.argmax())
    shuffled = rng.permuted(np.broadcast_to(rows, (draws, *rows.shape)), axis=2)
    largest = _cusum(shuffled).max(axis=1)
    # A sum in another order may differ in its last digit from an equal one.
    reached = int((largest >= sizes[cut] * (1 - 1e-9) - 1e-15).sum())
    return cut + 1, (reached + 1) / (draws + 1)


def _rows(part: Floats) -> Floats:
    complete = part[np.isfinite(part).all(axis=1)]
    if len(complete):
        return complete
    known = np.isfinite(part)
    counts = np.maximum(known.sum(axis=0), 1)
    means: Floats = np.where(known, part, 0.0).sum(axis=0) / counts
    return means[None]


def _cusum(rows: Floats) -> Floats:
    """Of series (draws, replicates, times) the size of each cut, (draws, times - 1)."""
    means = rows.mean(axis=1)
    times = means.shape[1]
    k = np.arange(1, times)
    total = means.sum(axis=1, keepdims=True)
    before = means.cumsum(axis=1)[:, :-1]
    sizes: Floats = np.abs((total - before) / (times - k) - before / k)
    weighted: Floats = sizes * np.sqrt(k * (times - k) / times)
    return weighted


def _change(table: Floats, start: int, at: int, end: int) -> float:
    rows = _rows(table[:, start:end])
    return float(rows[:, at - start :].mean() - rows[:, : at - start].mean())
