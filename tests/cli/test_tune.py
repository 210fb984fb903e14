"""`bench tune` and the search of `bench run`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from harness.cli.main import app
from harness.errors import UserError
from harness.protocol import protocols_folder
from harness.results import load_board
from harness.store import Store

PLUGIN = """
from harness import Float, Method, Objective, hookimpl


class Spread(Objective):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, batch, embed):
        e = embed(batch.inputs)
        d = (e[:, None] - e[None, :]).square().sum(-1)
        same = batch.labels[:, None] == batch.labels[None, :]
        return self.scale * (d[same].mean() - d[~same].mean())


@hookimpl
def bench_methods():
    return [Method(name="spread-out", build=lambda point, context: Spread(**point), summary="toy",
                   reference="none", space={"scale": Float(0.1, 10.0, default=1.0, log=True)})]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A plugin file, and the smoke protocol with a search of two trials."""
    (tmp_path / "plugin.py").write_text(PLUGIN)
    smoke = (protocols_folder() / "smoke.toml").read_text()
    searched = smoke.replace("trials = 0", "trials = 2").replace(
        'name = "smoke"', 'name = "smoke-tuned"', 1
    )
    (tmp_path / "tuned.toml").write_text(searched)
    return tmp_path


def bench(project: Path, command: str, *options: str):
    arguments = ["--methods", "spread-out", "--plugin", str(project / "plugin.py")]
    arguments += ["--store", str(project / "store"), "--workers", "1", *options]
    return CliRunner().invoke(app, [command, *arguments], catch_exceptions=False)


def test_tuning_prints_the_best_and_a_run_takes_it(project: Path) -> None:
    protocol = str(project / "tuned.toml")
    tuned = bench(project, "tune", "--protocol", protocol, "--format", "json")
    (row,) = json.loads(tuned.stdout)
    assert row["trial"].endswith(" of 2")
    again = bench(project, "run", "--protocol", protocol, "--seeds", "1")
    assert "trial 1/2" not in again.stderr, "trials in the store are not run again"
    with Store.open(project / "store") as store:
        (found,) = load_board(store).rows
    assert found.chosen_by == ("search",)
    assert "search s" in again.stdout


def test_a_protocol_without_a_search_is_one_line(project: Path) -> None:
    with pytest.raises(Exception, match="has no search: every method runs at its defaults"):
        bench(project, "tune", "--protocol", "smoke")


def test_trials_train_by_as_many_threads_as_runs(project: Path) -> None:
    """In this process too, whatever torch was left at."""
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        bench(project, "tune", "--protocol", str(project / "tuned.toml"))
    finally:
        torch.set_num_threads(threads)
    with Store.open(project / "store") as store:
        assert {run.environment["threads"] for run in store.records(trials=True)} == {"1"}


@pytest.mark.parametrize("option", ["--time-limit", "--memory-limit"])
def test_limits_of_trials_are_read(project: Path, option: str) -> None:
    with pytest.raises(UserError, match=f"{option} soon: not understood"):
        bench(project, "tune", "--protocol", str(project / "tuned.toml"), option, "soon")
