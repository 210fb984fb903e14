"""Ctrl-C, two sessions, a clock that jumps, a store copied in use: nothing is lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from dataclasses import replace

import pytest

from harness.store import Store

HELD = "another bench run writes to this store: waiting for it to end"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_being_asked_to_end_once_finishes_what_runs(
    scene, gate, undisturbed, workers: str, number: signal.Signals
) -> None:
    scene.methods, scene.seeds = "spread,patient", 2
    scene.more = ["--workers", workers]
    pid = scene.start(gate)
    gate.wait_for()
    os.kill(pid, number)
    scene.nursery.wait_for(pid, "finishing what runs")
    gate.open()
    code, printed = scene.nursery.wait(pid)
    assert code == 130, printed
    assert "stopped; the same command goes on from here" in printed
    assert "Traceback" not in printed
    kind = "Ctrl-C once" if number == signal.SIGINT else "SIGTERM once"
    scene.recovers(kind, undisturbed("spread,patient", 2))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_twice_stops_now(scene, gate, undisturbed, workers: str) -> None:
    # A run that hangs would be waited for, if anything were.
    hanging = replace(scene, methods="spread,hangs", more=["--workers", workers])
    pid = hanging.start(gate)
    scene.nursery.wait_for(pid, "[2/4]")
    gate.wait_for()
    for said in ("finishing what runs", "stopped; the same command goes on from here"):
        os.kill(pid, signal.SIGINT)
        scene.nursery.wait_for(pid, said)
    code, printed = scene.nursery.wait(pid)
    assert code == 130
    assert "Traceback" not in printed
    scene.recovers("Ctrl-C twice", undisturbed())


def one_in_the_middle_and_one_waiting(scene, gate) -> tuple[int, int]:
    """Two sessions of the same command, the first of them stopped as if by Ctrl-Z."""
    scene.methods, scene.seeds = "spread,patient", 2
    first = scene.start(gate)
    gate.wait_for()
    os.kill(first, signal.SIGSTOP)
    second = scene.start(gate)
    scene.nursery.wait_for(second, HELD)
    gate.open()
    return first, second


def test_a_second_session_waits_and_repeats_nothing(scene, gate, undisturbed) -> None:
    first, second = one_in_the_middle_and_one_waiting(scene, gate)
    os.kill(first, signal.SIGCONT)
    (code, printed), (other_code, other_printed) = map(scene.nursery.wait, (first, second))
    assert (code, other_code) == (0, 0), printed + other_printed
    assert "0 of 8 runs to do" in other_printed
    assert len(list((scene.store / "artifacts").iterdir())) == 8
    scene.recovers("two sessions on one store", undisturbed("spread,patient", 2))


def test_the_second_session_goes_on_when_the_first_is_killed(scene, gate, undisturbed) -> None:
    first, second = one_in_the_middle_and_one_waiting(scene, gate)
    os.kill(first, signal.SIGKILL)
    assert scene.nursery.wait(first)[0] == -signal.SIGKILL
    code, printed = scene.nursery.wait(second)
    assert code == 0, printed
    scene.recovers("two sessions on one store, one killed", undisturbed("spread,patient", 2))


@pytest.mark.parametrize("days", [400.0, -400.0])
def test_a_clock_that_jumps_changes_no_result(scene, undisturbed, days: float) -> None:
    scene.seeds, scene.more = 3, ["--workers", "1"]
    code, printed = scene.run(kind="clock", days=days)
    assert code == 0, printed
    with Store.open(scene.store) as store:
        spans = [(record.started, record.finished) for record in store.records()]
    assert all(finished[:4] != started[:4] for started, finished in spans)
    scene.recovers("a clock that jumps to and fro", undisturbed("spread", 3))


def copy_unless_gone(source: str, target: str) -> None:
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)


def test_a_store_copied_while_in_use_is_sound_and_goes_on(
    scene, gate, tmp_path, undisturbed
) -> None:
    # One worker holds the session in the middle; the other goes on to write.
    scene.methods, scene.seeds, scene.more = "patient-once,spread", 3, ["--workers", "2"]
    pid = scene.start(gate)
    scene.more = ["--workers", "1"]
    gate.wait_for()
    for number in range(1, 6):
        scene.nursery.wait_for(pid, f"[{number}/12]")
        copy = tmp_path / f"copy-{number}"
        temporary = shutil.ignore_patterns("*.tmp")
        shutil.copytree(scene.store, copy, ignore=temporary, copy_function=copy_unless_gone)
    assert "[12/12]" not in scene.nursery.printed(pid)
    gate.open()
    assert scene.nursery.wait(pid)[0] == 0
    expected = undisturbed(scene.methods, 3)
    for number in range(1, 6):
        copy = scene.in_another_store(tmp_path / f"copy-{number}")
        # An array that was written after its folder was copied is missing.
        code, printed = scene.nursery.run("doctor", str(copy.store), "--repair")
        assert code == 0, printed
        copy.recovers("a store copied file by file while in use", expected)
