"""Ctrl-C, two sessions, a clock that jumps, a store copied in use: nothing is lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import replace

import pytest

from harness.store import Store

HELD = "another bench run writes to this store: waiting for it to end"


def wait_for(scene, pid: int, text: str) -> None:
    for _ in range(2400):
        if text in scene.nursery.printed(pid):
            return
        time.sleep(0.05)
    raise AssertionError(f"waited for {text!r}: {scene.nursery.printed(pid)}")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_once_finishes_what_runs(scene, undisturbed, workers: str) -> None:
    scene.seeds, scene.more = 3, ["--workers", workers]
    pid = scene.nursery.start(*scene.command)
    wait_for(scene, pid, "[1/6]")
    os.kill(pid, signal.SIGINT)
    code, printed = scene.nursery.wait(pid)
    assert code == 130, printed
    assert "finishing what runs" in printed
    assert "stopped; the same command goes on from here" in printed
    assert "Traceback" not in printed
    scene.recovers("Ctrl-C once", undisturbed("spread", 3))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_twice_stops_now(scene, undisturbed, workers: str) -> None:
    # A run that hangs would be waited for, if anything were.
    hanging = replace(scene, methods="spread,hangs", more=["--workers", workers])
    pid = scene.nursery.start(*hanging.command)
    wait_for(scene, pid, "[2/4]")
    for said in ("finishing what runs", "stopped; the same command goes on from here"):
        os.kill(pid, signal.SIGINT)
        wait_for(scene, pid, said)
    code, printed = scene.nursery.wait(pid)
    assert code == 130
    assert "Traceback" not in printed
    scene.recovers("Ctrl-C twice", undisturbed())


def one_in_the_middle_and_one_waiting(scene) -> tuple[int, int]:
    """Two sessions of the same command, the first of them stopped as if by Ctrl-Z."""
    first = scene.nursery.start(*scene.command)
    wait_for(scene, first, "[1/6]")
    os.kill(first, signal.SIGSTOP)
    second = scene.nursery.start(*scene.command)
    wait_for(scene, second, HELD)
    return first, second


def test_a_second_session_waits_and_repeats_nothing(scene, undisturbed) -> None:
    scene.seeds = 3
    first, second = one_in_the_middle_and_one_waiting(scene)
    os.kill(first, signal.SIGCONT)
    (code, printed), (other_code, other_printed) = map(scene.nursery.wait, (first, second))
    assert (code, other_code) == (0, 0), printed + other_printed
    assert "0 of 6 runs to do" in other_printed
    assert len(list((scene.store / "artifacts").iterdir())) == 6
    scene.recovers("two sessions on one store", undisturbed("spread", 3))


def test_the_second_session_goes_on_when_the_first_is_killed(scene, undisturbed) -> None:
    scene.seeds = 3
    first, second = one_in_the_middle_and_one_waiting(scene)
    os.kill(first, signal.SIGKILL)
    assert scene.nursery.wait(first)[0] == -signal.SIGKILL
    code, printed = scene.nursery.wait(second)
    assert code == 0, printed
    scene.recovers("two sessions on one store, one killed", undisturbed("spread", 3))


@pytest.mark.parametrize("days", [400.0, -400.0])
def test_a_clock_that_jumps_changes_no_result(scene, undisturbed, days: float) -> None:
    scene.seeds, scene.more = 3, ["--workers", "1"]
    code, printed = scene.run(kind="clock", days=days)
    assert code == 0, printed
    with Store.open(scene.store) as store:
        spans = [(record.started, record.finished) for record in store.records()]
    assert all(finished[:4] != started[:4] for started, finished in spans)
    scene.recovers("a clock that jumps to and fro", undisturbed("spread", 3))


def test_a_store_copied_while_in_use_is_sound_and_goes_on(scene, tmp_path, undisturbed) -> None:
    scene.seeds = 3
    pid = scene.nursery.start(*scene.command)
    for number in range(1, 6):
        wait_for(scene, pid, f"[{number}/6]")
        copy = scene.in_another_store(tmp_path / f"copy-{number}")
        shutil.copytree(scene.store, copy.store, ignore=shutil.ignore_patterns("*.tmp"))
    assert scene.nursery.wait(pid)[0] == 0
    for number in range(1, 6):
        copy = scene.in_another_store(tmp_path / f"copy-{number}")
        # An array that was written after its folder was copied is missing.
        code, printed = scene.nursery.run("doctor", str(copy.store), "--repair")
        assert code == 0, printed
        copy.recovers("a store copied file by file while in use", undisturbed("spread", 3))
