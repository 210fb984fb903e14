"""Workers that die, hang and eat cost their run alone; the others end as in one process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.store import Store

REASONS = {
    "exits": ("died", "its process exited with code 3, at each of 2 attempts"),
    "segfaults": ("died", "its process was ended by SIGSEGV, at each of 2 attempts"),
    "hangs": ("out-of-time", "took longer than the 15 s of --time-limit"),
    "eats": ("out-of-memory", "held more than the 1300 MiB of --memory-limit"),
}


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until(condition: Callable[[], object]) -> None:
    for _ in range(18_000):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited for fifteen minutes")


def test_a_run_that_ends_its_worker_costs_itself_alone(scene, tmp_path, undisturbed) -> None:
    trap = tmp_path / "trap"
    trap.touch()
    scene.methods = "spread,killed-once," + ",".join(REASONS)
    limits = ["--time-limit", "15", "--memory-limit", "1300M"]
    scene.more = ["--workers", "2", *limits]
    code, printed = scene.run(environment={"BENCH_TOY_TRAP": str(trap)})
    assert code == 4, printed
    assert not trap.exists()
    with Store.open(scene.store) as store:
        failed = [record for record in store.records() if record.reason]
    for record in failed:
        assert record.reason is not None
        assert (record.reason.kind, record.reason.message) == REASONS[record.identity.method]
    assert len(failed) == 2 * len(REASONS)
    found, expected = scene.results(), undisturbed("spread,killed-once")
    lost = {key for key in expected if found.get(key) != expected[key]}
    scene.tally("a worker that exits, segfaults, hangs, eats, or is killed once", lost, 5)


def test_a_killed_session_takes_its_workers_along(scene, undisturbed) -> None:
    scene.seeds, scene.more = 3, ["--workers", "2"]
    pid = scene.nursery.start(*scene.command)
    wait_until(lambda: "[2/6]" in scene.nursery.printed(pid))
    workers = children(pid)
    assert len(workers) >= 2
    os.kill(pid, signal.SIGKILL)
    assert scene.nursery.wait(pid)[0] == -signal.SIGKILL
    wait_until(lambda: not any(Path(f"/proc/{one}/exe").exists() for one in workers))
    scene.recovers("kill -9 of the session and its workers", undisturbed("spread", 3))


@pytest.mark.parametrize("kills", [1, 2])
def test_a_worker_killed_from_outside_is_replaced(scene, undisturbed, kills: int) -> None:
    scene.seeds, scene.more = 3, ["--workers", "2"]
    pid = scene.nursery.start(*scene.command)
    wait_until(lambda: "[1/6]" in scene.nursery.printed(pid))
    for worker in workers_of(pid)[:kills]:
        os.kill(worker, signal.SIGKILL)
    code, printed = scene.nursery.wait(pid)
    assert code == 0, printed
    scene.recovers("kill -9 of a worker, or of two", undisturbed("spread", 3))


def workers_of(pid: int) -> list[int]:
    """The children that are workers; Python's resource tracker is one too."""
    return [
        one
        for one in children(pid)
        if b"multiprocessing-fork" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]
