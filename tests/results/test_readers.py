"""Every reader of a board, by every fact that decides: they all see the same rows and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.figures.sources import load_sources
from harness.gate.boards import baseline_side, candidate_side, gate_boards
from harness.gate.metrics import gated_metrics
from harness.history.collecting import Snapshot
from harness.history.series import series_of
from harness.metrics import RANKED_BY
from harness.record import Record, Searched
from harness.results import build_board, load_board, open_source
from harness.results.comparison import compare
from harness.results.key import ENVIRONMENT, IDENTITY
from harness.results.publication import load_publication
from harness.results.ranking import load_ranking
from harness.results.source import RecordsSource, Source
from harness.store import Store

MakeRun = Callable[..., tuple[Record, Mapping[str, Any]]]
Rows = dict[str, tuple[int, float]]
"""By method: how many replicates it has, and their mean."""

OTHER: dict[str, Any] = {
    "unlocked": ("a=1",),
    "training_semantics": 2,
    "hyperparameters": {"margin": 0.9},
    "seed": 5,
    "fold": 1,
    "search": 1,
    "trial": 3,
    "libraries": ("losses 9",),
}
CONDITIONS = ["plain", "searched", "classifier", "other device", "missing replicates"]
EARLY = "2024-01-01T00:00:00+00:00"
HERE = {"device": "cpu", "cpu": "AMD EPYC", "torch": "2.13.0"}
THERE = {"device": "cuda:0", "cpu": "Intel Xeon", "torch": "2.14.0", "gpu": "H100"}


def scored(make_run: MakeRun, method: str, seed: int, fold: int, score: float, **varied: Any):
    record, arrays = make_run(method, seed, fold)
    given = {**varied.pop("identity", {})}
    record = record.model_copy(
        update={
            "identity": record.identity.model_copy(update=given),
            "scores": record.scores.model_copy(
                update={"values": {RANKED_BY: score, "accuracy_knn_1": score}}
            ),
            "environment": HERE,
            **varied,
        }
    )
    return record, arrays


def searched(seed: int) -> dict[str, Any]:
    found = Searched(
        search=seed,
        trials=5,
        failed=0,
        sampler="tpe",
        metric=RANKED_BY,
        best_trial=1,
        value=0.5,
        on_bound=(),
        space={"margin": "[0, 1]"},
        seconds=1.0,
    )
    point = {"hyperparameters": {"margin": 0.1 + seed}}
    return {"identity": point, "chosen_by": "search", "searched": found}


def score_of(method: str, seed: int, fold: int) -> float:
    return {"a": 0.3, "b": 0.6}[method] + 0.01 * seed + 0.02 * fold


def runs_of(make_run: MakeRun, condition: str) -> list[Any]:
    """Methods a and b, three seeds of two folds; b scores higher."""
    found = []
    for method in "ab":
        for seed in range(3):
            if condition == "missing replicates" and (method, seed) == ("b", 2):
                continue
            varied = searched(seed) if condition == "searched" else {}
            if condition == "other device" and seed == 2:
                varied["environment"] = THERE
            for fold in (0, 1):
                score = score_of(method, seed, fold)
                found.append(scored(make_run, method, seed, fold, score, **varied))
    return found


def odd_runs(make_run: MakeRun, fact: str, condition: str) -> list[Any]:
    """Earlier runs of b that differ in one fact of their identity, and in their scores."""
    value = OTHER.get(fact, "other")
    base = searched(0) if condition == "searched" else {}
    varied = {**base, "identity": {**base.get("identity", {}), fact: value}, "finished": EARLY}
    if fact == "trial":
        varied |= {"chosen_by": "trial", "searched": None}
    folds = (1,) if fact == "fold" else (0, 1)
    return [scored(make_run, "b", 0, fold, 0.9, **varied) for fold in folds]


def expected(fact: str, condition: str) -> Rows:
    """What every reader must say, by the declared rule."""
    seeds = {"a": 3, "b": 2 if condition == "missing replicates" else 3}
    rows = {
        method: (n, math.fsum(score_of(method, seed, 0) + 0.01 for seed in range(n)) / n)
        for method, n in seeds.items()
    }
    if fact == "method":
        rows["other"] = (1, 0.9)
    if fact == "hyperparameters" and condition != "searched":
        rows["b (margin=0.9)"] = (1, 0.9)
        rows["b (margin=0.1)"] = rows.pop("b")
    if fact == "seed":
        n, mean = rows["b"]
        rows["b"] = (n + 1, (n * mean + 0.9) / (n + 1))
    return rows


def of_board(source: Source | Store | Path, metric: str) -> Rows:
    return {
        row.label: (row.metrics[metric].n, row.metrics[metric].mean)
        for row in load_board(source).rows
    }


def of_ranking(source: Source | Store, metric: str) -> Rows:
    found = load_ranking(source, load_board(source), metric=metric)
    intervals = {row.label: row.standing.interval for row in found.rows}
    return {label: (interval.n, interval.mean) for label, interval in intervals.items()}


def of_comparison(source: Source | Store, metric: str) -> Rows:
    """Each row against the one with the most replicates; their common ones are all it has."""
    board = load_board(source)
    most = max(board.rows, key=lambda row: (len(row.run_ids), row.label == "a"))
    rows = {}
    for row in board.rows:
        if row is not most:
            found = compare(board, row.label, most.label, metric=metric, source=source)
            rows[row.label] = (found.replicates, found.means[0])
    return rows


def of_gate(source: Source, metric: str) -> Rows:
    side = baseline_side(source)
    report = gate_boards(side, candidate_side(source, side), gated_metrics([metric]))
    names = {line.method: line.method.replace(' {"margin": ', " (margin=") for line in report.lines}
    return {
        names[line.method].replace("}", ")"): (line.difference.units, line.difference.baseline)
        for line in report.lines
        if line.difference
    }


def of_history(path: Path, metric: str) -> Rows:
    publication = load_publication(path)
    series = series_of([Snapshot.of("x", publication)], metric)
    intervals = {one.method: one.steps[0].interval for one in series}
    return {method: (interval.n, interval.mean) for method, interval in intervals.items()}


def of_figures(store: Store, metric: str) -> Rows:
    return {
        entry.label: (len(found), math.fsum(found.values()) / len(found))
        for entry in load_sources(store).entries
        if (found := entry.values(metric))
    }


def near(found: Rows, wanted: Rows) -> bool:
    return found.keys() == wanted.keys() and all(
        found[label] == pytest.approx(wanted[label], abs=1e-9) for label in wanted
    )


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("fact", IDENTITY)
def test_all_readers_see_the_same_rows(make_run: MakeRun, fact: str, condition: str) -> None:
    runs = [*odd_runs(make_run, fact, condition), *runs_of(make_run, condition)]
    source = RecordsSource("records", list({record.run_id: record for record, _ in runs}.values()))
    if fact == "fold":  # the same run twice: the later one is the one that counts
        source = RecordsSource("records", [record for record, _ in runs[1:]])
    metric = "accuracy_knn_1" if condition == "classifier" else RANKED_BY
    wanted = expected(fact, condition)
    assert near(of_board(source, metric), wanted)
    assert near(of_ranking(source, metric), wanted)
    assert near(of_gate(source, metric), wanted)
    compared = of_comparison(source, metric)
    shared = {label: n for label, (n, _) in compared.items()}
    assert fact == "seed" or shared == {label: wanted[label][0] for label in compared}
    board = load_board(source)
    if IDENTITY[fact].rule == "refuses" and fact != "trial":
        assert any(
            note.startswith(("left out: 2 runs of b, of another", "the store also holds"))
            for note in board.notes
        )
    if condition == "missing replicates":
        last = [row.label for row in board.rows].index
        assert fact == "seed" or last("b" if "b" in wanted else "b (margin=0.1)") > last("a")
    if condition == "other device":
        for name in ("device", "cpu", "torch"):
            words = f"not all runs are of one {ENVIRONMENT[name].words}: "
            assert any(note.startswith(words) for note in board.notes)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("fact", ["trunk", "version", "seed"])
def test_a_store_and_what_is_published_of_it_say_so_too(
    tmp_path: Path, make_run: MakeRun, publish: Callable[..., Path], fact: str, condition: str
) -> None:
    metric = "accuracy_knn_1" if condition == "classifier" else RANKED_BY
    wanted = expected(fact, condition)
    with Store.open(tmp_path / "store", create=True) as store:
        for record, arrays in [*odd_runs(make_run, fact, condition), *runs_of(make_run, condition)]:
            store.put(record, arrays)
        assert near(of_board(store, metric), wanted)
        assert near(of_figures(store, metric), wanted)
    path = publish(tmp_path / "store")
    assert near(of_board(path, metric), wanted)
    assert near(of_history(path, metric), wanted)
    with open_source(path) as source:
        assert near(of_gate(source, metric), wanted)


def test_a_run_that_fails_on_the_seeds_it_dislikes_is_not_first(
    make_run: MakeRun, failed_fields: dict[str, Any]
) -> None:
    records = [record for record, _ in runs_of(make_run, "plain")]
    records = [
        Record.model_validate(record.model_dump() | failed_fields)
        if (record.identity.method, record.identity.seed) == ("b", 1)
        else record
        for record in records
    ]
    board = build_board(records)
    assert [row.label for row in board.rows] == ["a", "b"]
    assert "fewer replicates than others, so below them: b (2 of 3)" in board.notes
