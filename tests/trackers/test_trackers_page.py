"""The plugin on the trackers' page is told of a real session's runs, by a stand-in's client.

In a session an observer has a process of its own, where a stand-in of this one's would not be.
"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.session import run_plan
from harness.method import Method
from harness.record import Record
from harness.registry import Origin, RegisteredMethod
from harness.store import Store

PAGE = (Path(__file__).parents[2] / "docs" / "trackers.md").read_text(encoding="utf-8")


@pytest.fixture
def observe(bench: Bench, spread: Method, tmp_path: Path) -> Callable[..., Record]:
    """Run one method with a plugin of the page; returns the Record of its first fold."""

    def run(name: str, method: Method = spread) -> Record:
        (block,) = re.findall(rf"^```python\n(# {name}\.py.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
        plugin = tmp_path / f"{name}.py"
        plugin.write_text(block)
        origin = Origin("tests", "tests", "0", None)
        entrant = Entrant(RegisteredMethod(method, origin), method.defaults(), "default")
        plan = make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=1)
        with Store.open(tmp_path / "store", create=True) as store:
            list(run_plan(plan, bench, store))
            records = store.records()
        observer = runpy.run_path(str(plugin))
        for record in records:
            observer["bench_run_finished"](record=record)
        return records[0]

    return run


@pytest.fixture
def broken(make_method, spread_objective) -> Method:
    """A method whose runs fail."""

    class Broken(spread_objective):
        def forward(self, batch, embed):
            raise RuntimeError("broken")

    return make_method(Broken, "broken")


class FakeRun:
    """What `wandb.init` returns: only what the page uses, so that a slip is an error."""

    def __init__(self, **started: Any) -> None:
        self.started = started
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.summary: dict[str, Any] = {}
        self.exit_code: int | None = None

    def log(self, values: dict[str, float], *, step: int) -> None:
        self.logged.append((step, values))

    def finish(self, *, exit_code: int) -> None:
        self.exit_code = exit_code


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> list[FakeRun]:
    runs: list[FakeRun] = []

    def init(**started: Any) -> FakeRun:
        runs.append(FakeRun(**started))
        return runs[-1]

    module = ModuleType("wandb")
    module.init = init  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", module)
    return runs


def test_weights_and_biases_is_told_of_each_run(observe, wandb) -> None:
    record = observe("to_wandb")
    assert len(wandb) == 2
    first = wandb[0]
    assert (first.started["id"], first.started["group"]) == (record.run_id, "spread")
    history = [(step, {"validation/map_at_r": value}) for step, value in record.selected.history]
    assert first.logged == history
    assert first.summary == record.scores.values
    assert first.exit_code == 0


def test_weights_and_biases_is_told_why_a_run_failed(observe, wandb, broken) -> None:
    observe("to_wandb", broken)
    assert [(run.summary, run.exit_code) for run in wandb] == [({"reason": "crashed"}, 1)] * 2
