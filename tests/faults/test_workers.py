"""Workers that die, hang and eat cost their run alone; the others end as in one process."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from harness.store import Store

REASONS = {
    "exits": ("died", "its process exited with code 3, at each of 2 attempts"),
    "segfaults": ("died", "its process was ended by SIGSEGV, at each of 2 attempts"),
    "hangs": ("out-of-time", "took longer than the 6 s of --time-limit"),
    "eats": ("out-of-memory", "held more than the 2100 MiB of --memory-limit"),
}


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def family(pid: int) -> list[int]:
    """All below a process: workers, and what they let run."""
    return [one for child in children(pid) for one in (child, *family(child))]


def test_a_run_that_ends_its_worker_costs_itself_alone(scene, gate, undisturbed) -> None:
    scene.methods = "spread,killed-once,exits,segfaults,eats"
    scene.more = ["--workers", "2", "--memory-limit", "2100M"]
    code, printed = scene.run(environment=gate.environment)
    assert code == 4, printed
    assert not gate.trap.exists()
    # By itself: on a busy machine the others would exceed so short a limit too.
    hanging = replace(scene, methods="hangs", more=["--workers", "2", "--time-limit", "6"])
    code, printed = hanging.run()
    assert code == 4, printed
    with Store.open(scene.store) as store:
        failed = [record for record in store.records() if record.reason]
    for record in failed:
        assert record.reason is not None
        assert (record.reason.kind, record.reason.message) == REASONS[record.identity.method]
    assert len(failed) == 2 * len(REASONS)
    found, expected = scene.results(), undisturbed("spread,killed-once")
    lost = {key for key in expected if found.get(key) != expected[key]}
    scene.tally("a worker that exits, segfaults, hangs, eats, or is killed once", lost, 5)


def test_a_killed_session_takes_its_workers_along(scene, gate, undisturbed) -> None:
    scene.methods, scene.seeds, scene.more = "spread,patient", 2, ["--workers", "2"]
    pid = scene.start(gate)
    at_work, begun = gate.wait_for(2), family(pid)
    assert set(at_work) <= set(begun)
    os.kill(pid, signal.SIGKILL)
    assert scene.nursery.wait(pid)[0] == -signal.SIGKILL
    scene.wait_until(lambda: not any(Path(f"/proc/{one}/exe").exists() for one in begun))
    scene.recovers("kill -9 of the session and its workers", undisturbed("spread,patient", 2))


@pytest.mark.parametrize("kills", [1, 2])
@pytest.mark.parametrize("whose", ["worker", "method"])
def test_what_is_killed_from_outside_is_replaced(
    scene, gate, undisturbed, kills: int, whose: str
) -> None:
    scene.methods, scene.seeds, scene.more = "spread,patient", 2, ["--workers", "2"]
    pid = scene.start(gate)
    arrived = gate.wait_for(2)[:kills]
    owners = {at_work: one for one in children(pid) for at_work in family(one)}
    for at_work in arrived:
        worker = owners[at_work]
        os.kill(worker if whose == "worker" else at_work, signal.SIGKILL)
    gate.open()
    code, printed = scene.nursery.wait(pid)
    assert code == 0, printed
    kind = f"kill -9 of a {whose}'s process, or of two"
    scene.recovers(kind, undisturbed("spread,patient", 2))


def test_runs_together_whose_worker_is_killed_are_executed_alone(scene, gate, undisturbed) -> None:
    scene.methods, scene.seeds = "patient", 2
    # A limit has even one worker be a process of its own.
    scene.more = ["--workers", "1", "--together", "4", "--time-limit", "2h"]
    pid = scene.start(gate)
    arrived = gate.wait_for(4)
    (worker,) = {one for one in children(pid) if set(arrived) & set(family(one))}
    os.kill(worker, signal.SIGKILL)
    gate.open()
    code, printed = scene.nursery.wait(pid)
    assert code == 0, printed
    assert scene.results() == undisturbed("patient", 2)  # to the last bit, as alone
