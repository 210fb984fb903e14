"""Runs drawn from a board are trained again, and what is not as recorded is found."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.execution.auditing import audit, draw_runs
from harness.execution.process import Processes, WorkerProcess
from harness.record import Record
from harness.registry import load_registry
from harness.rescoring.rescore import RuleBook
from harness.results import Selector
from harness.results.publishing import build_publication, records_of_board
from harness.store import Store

PLUGIN = """
from harness import Method, Objective, hookimpl

class Pull(Objective):
    def forward(self, batch, embed):
        z = embed(batch.inputs)
        same = batch.labels[:, None] == batch.labels
        return (z @ z.T)[~same].mean() - (z @ z.T)[same].mean() * SIGN

SIGN = 1.0

@hookimpl
def bench_methods():
    return [Method(name=name, build=lambda h, c: Pull(), summary="s", reference="unpublished",
                   trained=name != "still") for name in ("pull", "still")]
"""


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store with two runs of a method of a plugin file, and the file."""
    folder = tmp_path_factory.mktemp("audit")
    plugin, store = folder / "mine.py", folder / "store"
    plugin.write_text(PLUGIN)
    done = bench(
        "run", "--plugin", plugin, "--methods", "still", "--protocol", "smoke", "--dataset",
        "digits", "--seeds", 1, "--workers", 1, "--store", store,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return plugin, store


def test_honest_runs_are_the_same_from_one_parent_and_a_published_file_names_them(
    trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, store = trained
    hired: list[WorkerProcess] = []
    hire = Processes.hire

    def counted(*arguments: Any) -> WorkerProcess:
        hired.append(hire(*arguments))
        return hired[-1]

    monkeypatch.setattr(Processes, "hire", counted)
    with Store.open(store) as opened:
        drawn = draw_runs(records_of_board(opened, Selector()), share=1.0)
        found = list(audit(drawn, opened, load_registry([plugin]), RuleBook()))
        assert [one.reason for one in found] == ["", ""]
        for one in found:
            assert one.result is not None
            assert one.holds(0.0)
            assert (one.result.differing, one.result.same_embeddings) == ([], True)
        ids = [one.record.run_id for one in found]
        published = build_publication(opened, audited=ids)
    assert published.publication.audited == tuple(ids)
    assert len(hired) == 1


def test_a_score_that_was_edited_is_found_and_nothing_is_published(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    plugin, store = trained
    edited = tmp_path / "store"
    with Store.open(store) as honest, Store.open(edited, create=True) as opened:
        for record in honest.records():
            assert record.scores is not None
            values = {**record.scores.values, "map_at_r": 0.999}
            scores = record.scores.model_copy(update={"values": values})
            better = record.model_copy(update={"scores": scores, "artifact": None})
            opened.put(better, honest.arrays(record))
    done = bench("publish", "--plugin", plugin, "--store", edited, "--results", tmp_path / "out")
    assert "NOT the same: scores differ" in done.stdout
    assert done.returncode == 3
    assert "did not come out as recorded: nothing is written" in done.stderr
    assert not (tmp_path / "out").exists()


def test_every_row_is_drawn_from_and_only_what_was_scored(
    make_run: Callable[..., tuple[Record, Any]], failed_fields: dict[str, Any]
) -> None:
    records = [make_run(name, seed)[0] for name in ("a", "b") for seed in range(4)]
    records += [make_run("c", **failed_fields)[0]]
    drawn = draw_runs(records, draw=random.Random(0))
    assert [record.identity.method for record in drawn] == ["a", "b"]
    half = draw_runs(records, share=0.5)
    assert [record.identity.method for record in half] == ["a", "a", "b", "b"]
    assert len({record.run_id for record in half}) == 4
    seeds = {draw_runs(records)[0].identity.seed for _ in range(60)}
    assert len(seeds) > 1
