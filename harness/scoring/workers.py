"""Blocks of work on all cores: one thread a core, the matrix library single-threaded in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Job = TypeVar("Job")
Result = TypeVar("Result")

WORTH_THREADS = 1 << 24
"""Matrix elements below which a pool costs more than it brings."""


def on_all_cores(
    work: Callable[[Job], Result], jobs: Iterable[Job], *, elements: int
) -> list[Result]:
    """Return `work(job)` for each job, in order.

    As many threads as the matrix library would use, so that OMP_NUM_THREADS and its like are
    obeyed. Fewer than WORTH_THREADS `elements` in all jobs together are done in this thread.
    """
    if elements < WORTH_THREADS:
        return [work(job) for job in jobs]
    controller = _matrix_library()
    threads = max((library["num_threads"] for library in controller.info()), default=1)
    with controller.limit(limits=1), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, jobs))


@cache
def _matrix_library() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
