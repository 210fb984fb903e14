"""Where the relevant items stand, by counting what is nearer: the way when classes are small.

The similarity of two points serves both as queries, so half the matrix product is enough. A tile
of it is compared with the similarity of each query's first, second, ... relevant item, for its
rows as queries and then for its columns; what is counted is the same work however well the
classes are apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from threading import Lock, local
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from harness.scoring.geometry import Float32, Int64, Points
from harness.scoring.standing import RelevantRanks, TieGroups

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


_watcher: ContextVar[Callable[[int, int], None] | None] = ContextVar("watcher", default=None)

Job = TypeVar("Job")
Result = TypeVar("Result")

_LIMITED = Lock()
WORTH_THREADS = 1 << 24
"""Matrix elements below which a pool costs more than it brings."""


class Scratch(local):
    """Arrays that a thread uses again for block after block: fresh memory costs page faults."""

    def __init__(self) -> None:
        self._held: dict[str, npt.NDArray[Any]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return this thread's array of that name, its contents whatever they were."""
        size = math.prod(shape)
        held = self._held.get(name)
        if held is None or held.size < size or held.dtype != dtype:
            held = self._held[name] = np.empty(size, dtype=dtype)
        return held[:size].reshape(shape)


@contextmanager
def watching(told: Callable[[int, int], None]) -> Iterator[None]:
    """Have `told(done, all)` called as blocks of work end; from any thread, one at a time."""
    token = _watcher.set(told)
    try:
        yield
    finally:
        _watcher.reset(token)


def _watched(work: Callable[[Job], Result], count: int) -> Callable[[Job], Result]:
    told, lock, done = _watcher.get(), Lock(), 0
    if told is None:
        return work

    def worked(job: Job) -> Result:
        nonlocal done
        result = work(job)
        with lock:
            done += 1
            told(done, count)
        return result

    return worked


def on_all_cores(
    work: Callable[[Job], Result], jobs: Iterable[Job], *, elements: int
) -> list[Result]:
    """Return `work(job)` for each job, in order.

    As many threads as the matrix library would use, so that OMP_NUM_THREADS and its like are
    obeyed. Fewer than WORTH_THREADS `elements` in all jobs together are done in this thread.
    """
    controller, jobs = _matrix_library(), list(jobs)
    work = _watched(work, len(jobs))
    # One at a time: two limits that overlap would leave the second's for good.
    with _LIMITED:
        threads = max((library["num_threads"] for library in controller.info()), default=1)
        with controller.limit(limits=1):
            if elements < WORTH_THREADS or threads == 1:
                return [work(job) for job in jobs]
            with ThreadPoolExecutor(threads) as pool:
                return list(pool.map(work, jobs))


@cache
def _matrix_library() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


_VALUE = np.int32(-2)
TALL = 248
"""Rows of a tile: counts along them are summed in one byte."""
WIDE = 2040
"""Columns of a tile: eight bytes are summed at once, in lanes of one byte each."""


@dataclass(frozen=True, eq=False)
class CountsAbove:
    """Of each query and each of its relevant items, nearest first: int64 (R, Q).

    `above`: items nearer than that one. `level`: items as near as it, itself included.
    `thresholds`: float32 (R, Q), their similarities; inf where a query has fewer than R.
    `unsure`: bool (Q,), of which queries float32 cannot tell the order; their counts are not.
    """

    above: Int64
    level: Int64
    thresholds: Float32
    unsure: npt.NDArray[np.bool_]


def count(
    points: Points,
    starts: Int64,
    *,
    small: int,
    doubts: tuple[float, Float32] | None = None,
) -> CountsAbove:
    """Count for the first `small` points, which are whole classes, against all points.

    `points` lie class by class, beginning at `starts` (int64, with the end as its last), smaller
    classes first; the first `small` of them are queries, in classes of at most TALL.
    """
    return _Counter(points, starts, small, doubts).run()


def standings(counts: CountsAbove, queries: Int64) -> RelevantRanks:
    """Ranks and ties of some queries that have equally many relevant items."""
    relevant = int(np.isfinite(counts.thresholds[:, queries[0]]).sum())
    above = counts.above[:relevant, queries].T
    level = counts.level[:relevant, queries].T
    values = counts.thresholds[:relevant, queries].T
    order = np.arange(relevant)
    new = np.ones(values.shape, dtype=bool)
    new[:, 1:] = values[:, 1:] != values[:, :-1]
    first = np.maximum.accumulate(np.where(new, order, 0), axis=1)
    beginning = np.flatnonzero(new)
    alike = np.diff(np.append(beginning, new.size))
    mixed = alike < level.ravel()[beginning]
    at = beginning[mixed]
    ties = TieGroups(
        row=at // relevant,
        better=at % relevant,
        above=above.ravel()[at],
        tied=level.ravel()[at],
        alike=alike[mixed],
    )
    ranks = (above + 1 + order - first).ravel()
    starts = np.arange(len(queries) + 1) * relevant
    return RelevantRanks(ranks, starts, np.full(len(queries), relevant), ties)


class _Counter:
    def __init__(
        self, points: Points, starts: Int64, small: int, doubts: tuple[float, Float32] | None
    ) -> None:
        self.points = points
        self.small = small
        sizes = np.diff(starts)
        self.class_start = np.repeat(starts[:-1], sizes)[:small]
        self.class_size = np.repeat(sizes, sizes)[:small]
        self.tiles = _whole_classes(starts[: np.searchsorted(starts, small) + 1], TALL)
        edges = np.array([0, *(stop for _, stop in self.tiles)])
        self.blocks = _whole_classes(edges, WIDE)
        relevant = max(int(self.class_size[-1]) - 1, 1)
        self.above = np.zeros((relevant, small), dtype=np.int64)
        self.least = np.zeros((relevant, small), dtype=np.int64)
        self.thresholds = np.full((relevant, small), np.inf, dtype=np.float32)
        self.doubts = doubts
        self.lock = Lock()

    def run(self) -> CountsAbove:
        elements = self.small * len(self.points)
        on_all_cores(self._beside_diagonal, self.blocks, elements=elements)
        outer = [
            (start, min(start + WIDE, len(self.points)))
            for start in range(self.small, len(self.points), WIDE)
        ]
        # The last blocks have the most tiles before them: first come, evenly shared.
        on_all_cores(self._off_diagonal, outer + self.blocks[::-1], elements=elements)
        known = np.isfinite(self.thresholds)
        level = np.where(known, self.least - self.above, 0)
        if self.doubts is None:
            sure = np.zeros(self.small, dtype=bool)
            return CountsAbove(self.above, level, self.thresholds, sure)
        return self._told(level, known)

    def _told(self, level: Int64, known: npt.NDArray[np.bool_]) -> CountsAbove:
        """The counts where nothing but relevant items is too near to a relevant one to tell."""
        upper, lower = self._bounds(slice(None))
        close, above, nearer, equal = (np.zeros_like(level) for _ in range(4))
        for values in self.thresholds:
            close += (values <= upper) & (values >= lower)
            above += values > upper
            nearer += values > self.thresholds
            equal += values == self.thresholds
        unsure = np.asarray((known & (close != level)).any(axis=0))
        above = np.where(known, self.above - above + nearer, 0)
        return CountsAbove(above, np.where(known, equal, 0), self.thresholds, unsure)

    def _bounds(self, queries: slice) -> tuple[Float32, Float32]:
        """From where on an item is nearer than a relevant one, and down to where it is as near."""
        values = self.thresholds[:, queries]
        if self.doubts is None:
            return values, values
        share, base = self.doubts
        # A similarity is a distance's negative. Where there is none, nothing is compared.
        with np.errstate(invalid="ignore"):
            margin = base[: self.small][queries] - np.float32(share) * values
            margin = np.maximum(margin, 0, out=margin)
            return values + margin, values - margin

    def _beside_diagonal(self, block: tuple[int, int]) -> None:
        start, stop = block
        for first, last in self.tiles:
            if start <= first < stop:
                tile = self._product(first, last, start, stop)
                near = self._similarities(tile, slice(start, stop), along_rows=True)
                own = np.arange(first, last)
                near[own - first, own - start] = -np.inf
                self._set_thresholds(near, own, start)
                self._count_rows(near, first, last)

    def _off_diagonal(self, block: tuple[int, int]) -> None:
        start, stop = block
        for first, last in self.tiles:
            if last > start:
                break
            tile = self._product(first, last, start, stop)
            near = self._similarities(tile, slice(start, stop), along_rows=True)
            self._count_rows(near, first, last)
            if start < self.small:
                near = self._similarities(tile, slice(first, last), along_rows=False)
                self._count_columns(near, start, stop)

    def _product(self, first: int, last: int, start: int, stop: int) -> Float32:
        rows = self.points.rows
        return np.asarray(np.matmul(rows[first:last], rows[start:stop].T))

    def _similarities(self, tile: Float32, gallery: slice, *, along_rows: bool) -> Float32:
        """Greater is nearer; the last bit cleared, as the rule of ties has it."""
        if self.points.half_norms is None:
            near = tile
        else:
            halves = self.points.half_norms[gallery]
            near = tile - (halves if along_rows else halves[:, None])
        bits = near.view(np.int32)
        np.bitwise_and(bits, _VALUE, out=bits)
        return near

    def _set_thresholds(self, near: Float32, own: Int64, start: int) -> None:
        sizes = self.class_size[own]
        for size in np.unique(sizes[sizes > 1]).tolist():
            some = own[sizes == size]
            columns = self.class_start[some, None] - start + np.arange(size)
            among = np.sort(near[some[:, None] - own[0], columns], axis=1)
            self.thresholds[: size - 1, some] = among[:, :0:-1].T

    def _count_rows(self, near: Float32, first: int, last: int) -> None:
        tall, wide = near.shape
        relevant = max(int(self.class_size[last - 1]) - 1, 0)
        mask = np.zeros((tall, -(-wide // 8) * 8), dtype=bool)
        counts = np.empty((2, relevant, tall), dtype=np.int64)
        upper, lower = self._bounds(slice(first, last))
        for r in range(relevant):
            bounds = (np.greater, upper[r, :, None]), (np.greater_equal, lower[r, :, None])
            for kind, (compare, bound) in enumerate(bounds):
                compare(near, bound, out=mask[:, :wide])
                lanes = np.add.reduce(mask.view(np.uint64), axis=1)
                np.add.reduce(lanes.view(np.uint8).reshape(tall, 8), axis=1, out=counts[kind, r])
        with self.lock:
            self.above[:relevant, first:last] += counts[0]
            self.least[:relevant, first:last] += counts[1]

    def _count_columns(self, near: Float32, start: int, stop: int) -> None:
        relevant = max(int(self.class_size[stop - 1]) - 1, 0)
        mask = np.empty(near.shape, dtype=bool)
        upper, lower = self._bounds(slice(start, stop))
        for r in range(relevant):
            bounds = (self.above, np.greater, upper[r]), (self.least, np.greater_equal, lower[r])
            for counts, compare, bound in bounds:
                compare(near, bound, out=mask)
                nearer = np.add.reduce(mask.view(np.uint8), axis=0, dtype=np.uint8)
                with self.lock:
                    counts[r, start:stop] += nearer


def _whole_classes(edges: npt.NDArray[np.int64], limit: int) -> list[tuple[int, int]]:
    """Cut [edges[0], edges[-1]) at edges into pieces of at most `limit`."""
    return list(_pieces(edges, limit))


def _pieces(edges: Int64, limit: int) -> Iterator[tuple[int, int]]:
    begin = 0
    while begin < len(edges) - 1:
        end = int(np.searchsorted(edges, edges[begin] + limit, side="right")) - 1
        yield int(edges[begin]), int(edges[end])
        begin = end
