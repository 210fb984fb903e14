"""Observers, readouts and clusters that would bend a number, or stop what runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from harness import apart, registry, sandbox
from harness.apart import helping, nursery
from harness.apart.helping import ObserverApart
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.protocol import load_protocol
from harness.record import Record
from harness.registry import Registry, load_registry
from harness.testing import make_record

OBSERVER = """
import os, signal, stat, sys, threading, time
from harness import hookimpl

def sockets():
    opened = [int(name) for name in os.listdir("/proc/self/fd")]
    return [n for n in opened if os.path.exists(f"/proc/self/fd/{{n}}") and _is(n)]

def _is(n):
    return stat.S_ISSOCK(os.fstat(n).st_mode)

@hookimpl
def bench_run_finished(record):
    {act}
"""
OBSERVERS = {
    "changes the record": "record.scores.values.update(map_at_r=1.0); vars(record)['state'] = 'x'",
    "raises what has no text": "raise type('E', (Exception,), {'__str__': lambda s: 1 / 0})",
    "exits": "os._exit(0)",
    "never answers": "time.sleep(3600)",
    "closes its line and stays": "os.closerange(0, 64); time.sleep(3600)",
    "writes frames of its own": "[os.write(n, b'\\xff' * 64) for n in sockets()]",
    "leaves a thread": "threading.Thread(target=time.sleep, args=(3600,)).start()",
    "steers the terminal": "raise ValueError('\\x1b[2J' * 1000)",
}

METHODS = """
import torch
from harness import Clusters, Method, Objective, Readout, hookimpl

NAN = float("nan")


def clusters(assignment, neighbours, weights):
    class Divides(Objective):
        def forward(self, batch, embed):
            return embed(batch.inputs).square().sum()
        def clusters(self):
            return Clusters(assignment, neighbours, weights)
    return Divides


def readout(of, matrix, offset=None):
    class Reads(Objective):
        def forward(self, batch, embed):
            return embed(batch.inputs).square().sum()
        def finish(self, view, embed):
            return Readout(of, matrix, offset)
    return Reads


def empty():
    return torch.zeros(0, dtype=torch.int64)


CLUSTERS = {{
    "clusters-beyond": clusters(torch.full(({n},), 7), torch.zeros(2, 1).long(), torch.ones(2)),
    "clusters-below": clusters(torch.full(({n},), -1), torch.zeros(2, 1).long(), torch.ones(2)),
    "clusters-of-nothing": clusters(empty(), empty()[:, None], torch.zeros(0)),
    "clusters-never-drawn": clusters(
        torch.zeros({n}).long(), torch.zeros(2, 1).long(), torch.full((2,), NAN)),
    "clusters-of-fractions": clusters(torch.rand({n}), torch.rand(2, 1), torch.ones(2)),
    "clusters-by-the-million": clusters(
        torch.zeros({n}).long(), torch.zeros(1 << 20, 64).long(), torch.ones(1 << 20)),
}}
READOUTS = {{
    "readout-not-finite": readout("features", torch.full((4, 8), NAN)),
    "readout-too-wide": readout("embeddings", torch.ones(1 << 16, 64)),
    "readout-of-the-store": readout("store", torch.ones(4, 8)),
    "readout-of-odd-kinds": readout(["features"], torch.ones(4, 8)),
    "readout-of-whole-numbers": readout("features", torch.ones(4, 8).long()),
    "readout-without-an-end": readout("features", torch.ones(1, 1, 1)),
}}


@hookimpl
def bench_methods():
    made = [("clusters", {{"batch": "clusters"}}, CLUSTERS), ("r", {{"readout": True}}, READOUTS)]
    return [
        Method(name=name, build=lambda h, c, kind=kind: kind(), summary="s", reference="none",
               **declared)
        for _, declared, kinds in made for name, kind in kinds.items()
    ]
"""
NAMES = [
    *("clusters-beyond", "clusters-below", "clusters-of-nothing", "clusters-never-drawn"),
    *("clusters-of-fractions", "clusters-by-the-million", "readout-not-finite"),
    *("readout-too-wide", "readout-of-the-store", "readout-of-odd-kinds"),
    *("readout-of-whole-numbers", "readout-without-an-end"),
]
SHORT = [
    *("training.steps=2", "training.batch_size=8", "training.samples_per_class=2"),
    *("selection.every=2", 'training.compositions=["balanced", "clusters"]'),
]


@pytest.fixture(scope="module", autouse=True)
def _nothing_else_installed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_entry_points", list)
        yield


@pytest.fixture(autouse=True)
def _as_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without a sandbox, which not every system has; and quick to give up."""
    sandbox.choose(False)
    monkeypatch.setattr(apart, "GRACE_SECONDS", 0.2)
    yield
    sandbox.choose(None)


def run(offered: Registry, name: str, dataset: Any) -> Record:
    protocol = load_protocol("smoke", overrides=SHORT)
    bench = Bench(offered, protocol, dataset, torch.device("cpu"), sandbox=False)
    registered = offered.method(name)
    entrant = Entrant(registered, registered.method.defaults(), "default")
    plan = make_plan(protocol, dataset.digest, [entrant], seeds=1)
    return execute(plan.runs[0], bench)[0]


@pytest.mark.parametrize("kind", OBSERVERS)
def test_an_observer_changes_nothing_and_stops_nobody(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "observes.py"
    path.write_text(OBSERVER.format(act=OBSERVERS[kind]))
    (origin,) = load_registry([path]).observers
    if kind == "never answers":
        monkeypatch.setattr(helping, "OBSERVER_SECONDS", 1.0)
    record = make_record()
    before = record.model_dump_json()
    observer = ObserverApart(origin)
    with caplog.at_level(logging.WARNING):
        observer.tell("bench_run_finished", record)
        observer.tell("bench_run_finished", record)
    observer.end()
    assert record.model_dump_json() == before
    assert "\x1b" not in caplog.text
    assert ("failed" in caplog.text) == (kind not in ("changes the record", "leaves a thread"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, tiny_dataset: Any) -> Registry:
    path = tmp_path_factory.mktemp("odd") / "odd.py"
    path.write_text(METHODS.format(n=len(tiny_dataset.labels) // 2))
    return load_registry([path])


@pytest.mark.parametrize("name", NAMES)
def test_odd_clusters_and_readouts_are_rows_with_a_reason(
    name: str, odd: Registry, tiny_dataset: Any
) -> None:
    odd.metrics.clear()
    record = run(odd, name, tiny_dataset)
    assert record.reason is not None
    assert record.reason.kind in ("bad-loss", "tampered", "out-of-memory", "crashed")
    assert record.scores is None


def test_a_nursery_that_is_stopped_is_given_up_and_another_begun(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "stops.py"
    path.write_text(OBSERVER.format(act="os.kill(os.getppid(), signal.SIGSTOP)"))
    (origin,) = load_registry([path]).observers
    observer, stopped = ObserverApart(origin), nursery.nursery()
    observer.tell("bench_run_finished", make_record())
    with monkeypatch.context() as impatient:
        impatient.setattr(nursery, "PATIENCE_SECONDS", 0.5)
        observer.end()
    assert stopped.lost
    assert nursery.nursery() is not stopped
    ObserverApart(origin).end()


def test_a_module_of_the_working_directory_is_not_taken_for_the_core(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("harness", "pickle", "sys"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken for the core')")
    path = tmp_path / "quiet.py"
    path.write_text(OBSERVER.format(act="pass"))
    monkeypatch.chdir(tmp_path)
    (origin,) = load_registry([path]).observers
    fresh = nursery.Nursery.spawned()
    try:
        with monkeypatch.context() as alone:
            alone.setattr(nursery, "_current", fresh)
            observer = ObserverApart(origin)
            observer.tell("bench_run_finished", make_record())
            observer.end()
        assert not fresh.lost
    finally:
        fresh.close()
