"""Work on all cores: what it gives, and what it leaves behind."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

from harness.scoring.counting import WORTH_THREADS, Scratch, on_all_cores


def blas_threads() -> set[int]:
    libraries = ThreadpoolController().select(user_api="blas").info()
    return {library["num_threads"] for library in libraries}


def test_results_come_in_the_order_of_the_jobs() -> None:
    assert on_all_cores(lambda job: job * job, range(50), elements=WORTH_THREADS) == [
        job * job for job in range(50)
    ]


def test_the_matrix_library_gets_its_threads_back() -> None:
    before = blas_threads()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: on_all_cores(len, ["a"] * 200, elements=n), [1, WORTH_THREADS] * 8))
    assert blas_threads() == before


def test_a_scratch_array_is_used_again() -> None:
    scratch = Scratch()
    first = scratch.array("a", (8, 4), np.float32)
    assert np.shares_memory(first, scratch.array("a", (3, 5), np.float32))


def test_threads_do_not_share_their_scratch() -> None:
    scratch = Scratch()
    mine = scratch.array("a", (8,), np.float32)
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(scratch.array, "a", (8,), np.float32).result()
    assert not np.shares_memory(mine, theirs)
