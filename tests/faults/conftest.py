"""A store, a command that fills it, faults to meet on the way, and a tally of what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harness.protocol import protocols_folder
from harness.settings import SAME_HASHES
from harness.store import EmptyStore, Store

HERE = Path(__file__).parent
Results = dict[str, Any]

TRIED: Counter[str] = Counter()
LOST: Counter[str] = Counter()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait as long as a busy machine may need."""
    for _ in range(45_000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("waited for fifteen minutes")


class Nursery:
    """Starts processes of `bench` that need no time to begin; see nursery.py."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "nursery.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | SAME_HASHES,
        )
        assert self._answer() == "ready"
        self._printed: dict[int, Path] = {}

    def start(self, *arguments: str, **fault: Any) -> int:
        """Start `bench` with these arguments and this fault; return its process id."""
        printed = self._folder / f"printed-{len(self._printed)}"
        self._order({"arguments": arguments, "fault": fault, "printed": str(printed)})
        pid = int(self._answer())
        self._printed[pid] = printed
        return pid

    def wait(self, pid: int) -> tuple[int, str]:
        """Its exit code, negative for a signal, and what it printed."""
        self._order({"wait": pid})
        return int(self._answer()), self.printed(pid)

    def run(self, *arguments: str, **fault: Any) -> tuple[int, str]:
        """Start and wait."""
        return self.wait(self.start(*arguments, **fault))

    def printed(self, pid: int) -> str:
        """What it printed so far."""
        return self._printed[pid].read_text() if self._printed[pid].exists() else ""

    def wait_for(self, pid: int, text: str) -> None:
        """Wait until it has printed this."""
        wait_until(lambda: text in self.printed(pid))

    def close(self) -> None:
        """End the nursery."""
        self._process.kill()
        self._process.communicate()

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """One nursery for all tests."""
    opened = Nursery(tmp_path_factory.mktemp("nursery"))
    yield opened
    opened.close()


class Gate:
    """Shut at first: what a `patient` run of toy.py waits at, and `patient-once` once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.trap = folder / "trap"
        folder.mkdir()
        (folder / "shut").touch()
        self.trap.touch()

    @property
    def environment(self) -> dict[str, str]:
        """What a session is to be started with."""
        return {"BENCH_TOY_GATE": str(self._folder), "BENCH_TOY_TRAP": str(self.trap)}

    def wait_for(self, count: int = 1) -> list[int]:
        """Wait until so many processes are at it, or hang; their ids."""
        wait_until(lambda: len(list(self._folder.glob("*.arrived"))) >= count)
        return [int(one.stem) for one in self._folder.glob("*.arrived")]

    def open(self) -> None:
        """Let all go on."""
        (self._folder / "shut").unlink(missing_ok=True)


def results(store: Path) -> Results:
    """What a store says, without what depends on when and how fast it was said."""
    try:
        opened = Store.open(store)
    except EmptyStore:
        return {}
    with opened:
        found: Results = {
            record.run_id: (
                record.state,
                record.scores,
                record.artifact,
                record.init_digest,
                record.batches_digest,
                record.selected,
            )
            for record in [*opened.records(), *opened.records(trials=True)]
        }
        joined = {one.concatenation_id: one for one in opened.concatenations()}
    assert not found.keys() & joined.keys()
    return found | joined


@dataclass
class Scene:
    """A store of its own, and the command that fills it."""

    nursery: Nursery
    store: Path
    protocol: Path
    methods: str = "spread"
    seeds: int = 1
    more: list[str] = field(default_factory=lambda: ["--workers", "1"])
    wait_until = staticmethod(wait_until)

    @property
    def command(self) -> list[str]:
        """The arguments of `bench`."""
        where = ["--store", str(self.store), "--protocol", str(self.protocol)]
        plugin = ["--plugin", str(HERE / "toy.py")]
        what = ["--methods", self.methods, "--seeds", str(self.seeds)]
        # The plugin tells by files where it has come to.
        return ["run", *where, *plugin, *what, "--no-sandbox", *self.more]

    def start(self, gate: Gate) -> int:
        """Start the command, whose patient runs this gate holds; return its process id."""
        return self.nursery.start(*self.command, environment=gate.environment)

    def run(self, **fault: Any) -> tuple[int, str]:
        """Run the command, into a fault or without one."""
        return self.nursery.run(*self.command, **fault)

    def in_another_store(self, store: Path) -> Scene:
        """The same command for another store."""
        return replace(self, store=store)

    def results(self) -> Results:
        """What the store says now."""
        return results(self.store) if Store.is_at(self.store) else {}

    def tally(self, kind: str, lost: set[str], faults: int = 1) -> None:
        """Count faults and the results they cost, which must be none."""
        TRIED[kind] += faults
        LOST[kind] += len(lost)
        assert lost == set()

    def recovers(self, kind: str, undisturbed: Results) -> None:
        """The doctor finds the store sound, and the same command completes it identically.

        Counts the fault and every result that was there before and is not there any more, or that
        is not what an undisturbed run gives.
        """
        before = self.results()
        if Store.is_at(self.store):
            code, printed = self.nursery.run("doctor", str(self.store))
            assert code == 0, printed
            assert "sound" in printed
        code, printed = self.run()
        assert code == 0, printed
        after = self.results()
        lost = {key for key in before if after.get(key) != before[key]}
        lost |= {key for key in undisturbed if after.get(key) != undisturbed[key]}
        self.tally(kind, lost)
        assert after.keys() == undisturbed.keys()


@pytest.fixture(scope="session")
def toy_protocol(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke protocol on the toy data, in batches that these fill."""
    smoke, _, _ = (protocols_folder() / "smoke.toml").read_text().partition("[datasets")
    small = smoke.replace("batch_size = 32", "batch_size = 8").replace(
        "samples_per_class = 4", "samples_per_class = 2"
    )
    path = tmp_path_factory.mktemp("protocol") / "toy.toml"
    path.write_text(small.replace('name = "smoke"', 'name = "toy"') + "[datasets.toy]\n")
    return path


@pytest.fixture(scope="session")
def searching_protocol(toy_protocol: Path) -> Path:
    """The same with a search of two trials."""
    path = toy_protocol.with_name("searching.toml")
    path.write_text(toy_protocol.read_text().replace("trials = 0", "trials = 2"))
    return path


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A gate that is shut; opened after the test, so that nothing waits for ever."""
    shut = Gate(tmp_path / "gate")
    yield shut
    shut.open()


@pytest.fixture
def scene(nursery: Nursery, tmp_path: Path, toy_protocol: Path) -> Scene:
    """A store that does not exist yet."""
    return Scene(nursery, tmp_path / "store", toy_protocol)


@pytest.fixture(scope="session")
def undisturbed(
    nursery: Nursery, tmp_path_factory: pytest.TempPathFactory, toy_protocol: Path
) -> Callable[..., Results]:
    """The results of a command that nothing disturbs, computed once for each command."""
    known: dict[tuple[str, int, Path], Results] = {}

    def of(methods: str = "spread", seeds: int = 1, protocol: Path = toy_protocol) -> Results:
        command = methods, seeds, protocol
        if command not in known:
            store = tmp_path_factory.mktemp("undisturbed") / "store"
            scene = Scene(nursery, store, protocol, methods, seeds)
            code, printed = scene.run()
            assert code == 0, printed
            known[command] = results(store)
        return known[command]

    return of


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table of docs/reliability.md."""
    if not TRIED:
        return
    terminalreporter.section("faults tried and results lost")
    for kind in sorted(TRIED):
        terminalreporter.write_line(f"| {kind} | {TRIED[kind]} | {LOST[kind]} |")
    terminalreporter.write_line(f"| all | {TRIED.total()} | {LOST.total()} |")
