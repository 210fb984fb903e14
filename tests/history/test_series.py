"""From snapshots to series: cut where digests change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.history.collecting import Snapshot, from_folder
from harness.history.series import history_table, series_of
from harness.results.publication import load_publication
from harness.table import to_text


@pytest.fixture
def snapshot(make_store, publish):
    def make(name: str, level: float, **varied) -> Snapshot:
        path = publish(make_store(name, levels={"a": level}, **varied), f"results-{name}")
        return Snapshot.of(name, load_publication(path), f"2025-01-{len(name):02}")

    return make


def test_a_step_holds_the_replicates_and_their_interval(snapshot):
    (series,) = series_of([snapshot("x", 0.5, noise=0.02)], "map_at_r")
    (step,) = series.steps
    assert (series.protocol, series.dataset, series.method) == ("smoke", "digits", "a")
    assert sorted(step.values) == [0, 1, 2]
    assert step.interval.low < step.interval.mean < step.interval.high


@pytest.mark.parametrize(
    "other",
    [
        {"identity": {"protocol_digest": "o" * 64}},
        {"identity": {"trunk": "acme 2.0 bbb"}},
        {"folds": 3},
    ],
)
def test_what_no_board_could_share_begins_anew(snapshot, other):
    levels = [("x", 0.5, {}), ("xx", 0.5, {})]
    found = [snapshot(name, level, **varied) for name, level, varied in levels]
    found += [snapshot("yyy", 0.3, **other), snapshot("yyyy", 0.3, **other)]
    (series,) = series_of(found, "map_at_r", level=1.0)
    assert [step.comparable for step in series.steps] == [True, True, False, True]
    assert series.steps[2].change is None


def test_a_metric_that_is_missing_is_an_empty_step(snapshot):
    (series,) = series_of([snapshot("x", 0.5), snapshot("xx", 0.5)], "unheard_of")
    assert [step.interval.n for step in series.steps] == [0, 0]


def test_the_same_file_twice_is_one_snapshot(tmp_path, make_store, publish):
    path = publish(make_store())
    (path.parent / "copy.json").write_bytes(path.read_bytes())
    assert len(from_folder(tmp_path / "results").snapshots) == 1


def test_a_narrow_terminal_shows_which_board_and_when(snapshot):
    (one,) = series_of([snapshot("x", 0.5), snapshot("xx", 0.5)], "map_at_r")
    names = {"protocol": "reality-check-small-tuned-4", "method": "generalized-lifted-structure"}
    longest = replace(one, **names, steps=[replace(step, comparable=False) for step in one.steps])
    text = to_text(history_table([longest], "map_at_r"), 80)
    assert text.splitlines()[0].split() == ["board", "method", "when", "MAP@R", "change"]
    assert max(map(len, text.splitlines()[:3])) <= 80
