"""Every hook is documented, implemented by an outside plugin, and seen at work in a real run."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import hookspecs
from harness.protocol import protocols_folder
from harness.record import Record
from harness.registry import LISTING_HOOKS
from harness.store import Store

OUTSIDE = Path(__file__).parent / "third_party"
BENCH = "import sys; from harness.cli.main import main; sys.argv[0] = 'bench'; main()"
HOOKS: dict[str, Callable[..., object]] = {
    name: hook for name, hook in vars(hookspecs).items() if name.startswith("bench_")
}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_when_and_how_often_it_is_called(name: str) -> None:
    manual = inspect.getdoc(HOOKS[name]) or ""
    first, _, rest = manual.partition("\n\n")
    assert first.endswith(".")
    assert rest.startswith("Called once")


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_what_it_gets_and_what_it_returns(name: str) -> None:
    signature = inspect.signature(HOOKS[name])
    annotations = [argument.annotation for argument in signature.parameters.values()]
    assert inspect.Signature.empty not in [*annotations, signature.return_annotation]
    assert all(f"`{argument}`" in str(HOOKS[name].__doc__) for argument in signature.parameters)


def test_what_is_listed_is_checked_for_every_hook_that_lists() -> None:
    listing = {
        name
        for name, hook in HOOKS.items()
        if str(inspect.signature(hook).return_annotation).startswith("Iterable[")
    }
    assert set(LISTING_HOOKS) == listing


def test_the_manual_tells_of_both_observers() -> None:
    assert hookspecs.__doc__ is not None
    assert all(name in hookspecs.__doc__ for name in set(HOOKS) - set(LISTING_HOOKS))


def test_the_outside_plugin_implements_every_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(OUTSIDE))
    from acme_metric_losses import plugin

    assert {name for name in vars(plugin) if name.startswith("bench_")} == set(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_test_below(name: str) -> None:
    assert [test for test in globals() if test.startswith(f"test_{name}_")]


class Outside:
    """What a run of the outside plugin left behind, on its own dataset and trunk."""

    def __init__(self, folder: Path, name: str = "") -> None:
        self.store = folder / f"store{name}"
        self.journal = folder / f"journal{name}.jsonl"
        self.protocol = folder / "waves.toml"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(folder / "site"),
            "ACME_JOURNAL": str(self.journal),
        }

    def bench(self, *arguments: str) -> str:
        """Run a `bench` command where the plugin is installed; return what it printed."""
        return subprocess.run(
            [sys.executable, "-c", BENCH, *arguments],
            env=self.environment,
            cwd=self.store.parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        ).stdout

    def run(self, *options: str) -> None:
        """Run one replicate of one method, one run at a time."""
        where = ["--protocol", str(self.protocol), "--store", str(self.store), "--workers", "1"]
        self.bench("run", "--methods", "acme-tuplet", "--seeds", "1", *where, *options)

    def records(self) -> list[Record]:
        """All records of the store."""
        with Store.open(self.store) as store:
            return store.records()

    def events(self) -> list[dict[str, str]]:
        """What the observers wrote, in order."""
        return [json.loads(line) for line in self.journal.read_text().splitlines()]


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """The smoke protocol on the outside plugin's dataset and trunk, run once."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("outside")
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site")]
    subprocess.run([*command, str(OUTSIDE)], check=True, timeout=600)
    outside = Outside(folder)
    smoke, _, _ = (protocols_folder() / "smoke.toml").read_text().partition("[datasets")
    outside.protocol.write_text(
        smoke.replace('"convnet-small"', '"acme-linear"') + "[datasets.acme-waves]\n"
    )
    outside.run()
    return outside


def test_bench_methods_are_run_under_their_distribution_and_version(outside: Outside) -> None:
    found = {
        (record.identity.method, record.identity.distribution, record.identity.version)
        for record in outside.records()
    }
    assert found == {("acme-tuplet", "acme-metric-losses", "1.2.0")}


def test_bench_methods_of_the_outside_plugin_are_scored(outside: Outside) -> None:
    assert [record.state for record in outside.records()] == ["done", "done"]


def test_bench_datasets_are_what_a_run_trains_on(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(OUTSIDE))
    from acme_metric_losses.waves import load_waves

    trained_on = {(r.identity.dataset, r.identity.dataset_digest) for r in outside.records()}
    assert trained_on == {("acme-waves", load_waves().digest)}


def test_bench_backbones_are_what_a_run_trains(outside: Outside) -> None:
    points, features = 24, 16
    for record in outside.records():
        assert record.audit is not None
        assert record.audit.parameters.trunk == points * features


def test_bench_metrics_are_recorded_beside_the_locked_ones(outside: Outside) -> None:
    for record in outside.records():
        assert record.scores is not None
        assert "acme-uniformity" not in record.scores.values
        uniformity = record.scores.extra["acme-uniformity"]
        assert uniformity is not None
        assert uniformity < 0


def test_bench_metrics_are_on_the_board(outside: Outside) -> None:
    board = outside.bench("leaderboard", "--store", str(outside.store), "--format", "json")
    assert "acme-uniformity" in board


def test_bench_executors_are_where_runs_are_executed(outside: Outside) -> None:
    elsewhere = Outside(outside.store.parent, "-elsewhere")
    elsewhere.run("--executor", "acme-elsewhere")
    ids = [record.run_id for record in elsewhere.records()]
    assert [e["run"] for e in elsewhere.events() if e["event"] == "executed"] == ids
    scores = [record.scores for record in elsewhere.records()]
    assert scores == [record.scores for record in outside.records()]


def test_bench_run_started_is_called_once_for_each_run(outside: Outside) -> None:
    started = [event["run"] for event in outside.events() if event["event"] == "started"]
    assert sorted(started) == sorted(record.identity.run_id for record in outside.records())


def test_bench_run_finished_is_called_once_for_each_run_that_started(outside: Outside) -> None:
    events = outside.events()
    assert [event["event"] for event in events] == ["started", "finished"] * 2
    assert [event["run"] for event in events[::2]] == [event["run"] for event in events[1::2]]


def test_bench_run_finished_is_told_how_the_run_ended(outside: Outside) -> None:
    states = [event["state"] for event in outside.events() if event["event"] == "finished"]
    assert states == ["done", "done"]
