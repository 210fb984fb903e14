"""Blocks of work on all cores: one thread a core, the matrix library single-threaded in each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock, local
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

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


def on_all_cores(
    work: Callable[[Job], Result], jobs: Iterable[Job], *, elements: int
) -> list[Result]:
    """Return `work(job)` for each job, in order.

    As many threads as the matrix library would use, so that OMP_NUM_THREADS and its like are
    obeyed. Fewer than WORTH_THREADS `elements` in all jobs together are done in this thread.
    """
    controller = _matrix_library()
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
