"""Limits of time and memory: when they are exceeded, and when to look again."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from harness.errors import UserError
from harness.execution.executor import Settings
from harness.execution.run import execute
from harness.execution.team import Assignment, exceeded, require_enforceable, wait_seconds


@dataclass
class FakeWorker:
    assignment: Assignment | None
    memory: int = 0

    def resident_bytes(self) -> int:
        return self.memory


@pytest.fixture
def at(planned, spread, monkeypatch):
    """A worker that has been at a run for so many seconds."""
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)

    def make(seconds: float, memory: int = 0, size: int = 1) -> FakeWorker:
        runs = (planned(spread),)
        return FakeWorker(Assignment(runs, size, 1, datetime.now(UTC), 1000 - seconds), memory)

    return make


def test_a_run_has_all_of_its_time(at):
    settings = Settings(time_limit=60)
    assert exceeded(settings, at(59.9)) is None
    assert exceeded(settings, at(60)) == (
        "out-of-time",
        "took longer than the 60 s of --time-limit",
    )


def test_runs_that_are_trained_together_have_the_time_of_each(at):
    settings = Settings(time_limit=60)
    assert exceeded(settings, at(239, size=4)) is None
    assert exceeded(settings, at(240, size=4)) is not None
    assert wait_seconds(settings, [at(200, size=4)]) == 40


def test_a_run_has_all_of_its_memory(at):
    settings = Settings(memory_limit=2**30)
    assert exceeded(settings, at(0, 2**30)) is None
    assert exceeded(settings, at(0, 2**30 + 1)) == (
        "out-of-memory",
        "held more than the 1024 MiB of --memory-limit",
    )


def test_without_limits_nothing_is_exceeded_and_nothing_is_polled(at):
    assert exceeded(Settings(), at(1e9, 2**60)) is None
    assert wait_seconds(Settings(), [at(1e9)]) is None


def test_who_has_no_run_exceeds_nothing():
    settings = Settings(time_limit=1, memory_limit=1)
    assert exceeded(settings, FakeWorker(None, 2**40)) is None
    assert wait_seconds(settings, [FakeWorker(None)]) is None


def test_the_first_to_run_out_of_time_decides_how_long_to_sleep(at):
    assert wait_seconds(Settings(time_limit=60), [at(10), at(45), FakeWorker(None)]) == 15
    assert wait_seconds(Settings(time_limit=60), [at(70)]) == 0


def test_memory_is_looked_at_often_whatever_the_time(at):
    seconds = wait_seconds(Settings(time_limit=3600, memory_limit=1), [at(0)])
    assert seconds is not None
    assert 0 < seconds <= 0.1


def test_memory_cannot_be_watched_everywhere(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(UserError, match="only Linux"):
        require_enforceable(Settings(memory_limit=1))
    require_enforceable(Settings(time_limit=1))


def test_where_no_memory_can_be_shared_no_run_is_blamed(planned, spread, bench, monkeypatch):
    def refuse(_descriptor: int, _length: int) -> None:
        raise OSError(errno.EFBIG, "File too large")

    monkeypatch.setattr(os, "ftruncate", refuse)
    with pytest.raises(UserError, match=r"no 536,870,912 bytes of memory can be shared .* ulimit"):
        execute(planned(spread), bench)
