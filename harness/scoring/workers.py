"""Blocks of work on all cores: one thread a core, the matrix library single-threaded in each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from threading import Lock, local
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

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
