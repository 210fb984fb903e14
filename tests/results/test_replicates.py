"""Scores of a row: folds averaged within a replicate, then an interval over replicates."""

import math
from collections.abc import Callable

import pytest
from scipy import stats

from harness.record import Concatenation, Record
from harness.results import build_board

MakeRun = Callable[..., Record]
MakeRuns = Callable[..., list[Record]]
MakeJoined = Callable[..., Concatenation]


def test_the_score_of_a_replicate_is_the_mean_over_its_folds(run: MakeRun) -> None:
    (row,) = build_board([run(fold=0, map_at_r=0.2), run(fold=1, map_at_r=0.4)]).rows
    assert row.metrics["map_at_r"].mean == pytest.approx(0.3)


def test_folds_are_no_replicates(run: MakeRun) -> None:
    (row,) = build_board([run(fold=0, map_at_r=0.2), run(fold=1, map_at_r=0.4)]).rows
    assert row.metrics["map_at_r"].n == 1


def test_the_interval_is_over_replicates(replicate: MakeRuns) -> None:
    scores = [0.261, 0.264, 0.269, 0.265, 0.267, 0.262, 0.266, 0.263, 0.268, 0.265]
    records = [r for seed, score in enumerate(scores) for r in replicate(seed=seed, score=score)]
    interval = build_board(records).rows[0].metrics["map_at_r"]
    assert interval.high is not None
    # Two folds alike: 18 degrees in place of 9, twice the runs.
    half = 0.00184704 * stats.t.ppf(0.975, 18) / stats.t.ppf(0.975, 9) / math.sqrt(2)
    assert interval.high - 0.265 == pytest.approx(half, rel=0.01)


def test_a_replicate_with_a_fold_missing_does_not_count(run: MakeRun, replicate: MakeRuns) -> None:
    records = [*replicate(seed=0, score=0.2), run(seed=1, fold=0, map_at_r=0.9)]
    assert build_board(records).rows[0].metrics["map_at_r"].mean == pytest.approx(0.2)


def test_a_replicate_with_a_failed_fold_does_not_count(
    run: MakeRun, failed_run: MakeRun, replicate: MakeRuns
) -> None:
    records = [
        *replicate(seed=0, score=0.2),
        run(seed=1, fold=0, map_at_r=0.9),
        failed_run(seed=1, fold=1),
    ]
    assert build_board(records).rows[0].metrics["map_at_r"].n == 1


def test_joined_folds_have_a_score_of_their_own(replicate: MakeRuns, joined: MakeJoined) -> None:
    runs = replicate(score=0.2)
    (row,) = build_board(runs, [joined(runs, 0.7)]).rows
    assert row.concatenated["map_at_r"].mean == pytest.approx(0.7)


def test_a_joining_of_runs_that_are_not_shown_is_left_out(
    replicate: MakeRuns, joined: MakeJoined
) -> None:
    elsewhere = replicate(identity={"dataset": "digits"})
    (row,) = build_board(replicate(), [joined(elsewhere, 0.7)]).rows
    assert row.concatenated == {}


def test_metrics_of_plugins_stand_beside_the_locked_ones(replicate: MakeRuns) -> None:
    runs = replicate(scores={"extra": {"ndcg": 0.5}})
    assert build_board(runs).rows[0].metrics["ndcg"].mean == pytest.approx(0.5)


def test_a_plugin_cannot_shadow_a_locked_metric(replicate: MakeRuns) -> None:
    runs = replicate(score=0.25, scores={"extra": {"map_at_r": 0.99}})
    assert build_board(runs).rows[0].metrics["map_at_r"].mean == pytest.approx(0.25)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_replicate_without_a_metric_leaves_only_that_interval(
    replicate: MakeRuns, missing: float | None
) -> None:
    records = [
        *replicate(seed=0, scores={"extra": {"ndcg": 0.5}}),
        *replicate(seed=1, scores={"extra": {"ndcg": missing}}),
    ]
    metrics = build_board(records).rows[0].metrics
    assert (metrics["ndcg"].n, metrics["map_at_r"].n) == (1, 2)


def test_a_metric_missing_in_some_replicates_is_marked(replicate: MakeRuns) -> None:
    records = [
        *replicate(seed=0, scores={"extra": {"ndcg": 0.5}}),
        *replicate(seed=1, scores={"extra": {"ndcg": None}}),
    ]
    assert "ndcg missing in 1 of 2 replicates" in build_board(records).rows[0].flags


def test_class_means_are_kept_apart_from_query_means(replicate: MakeRuns) -> None:
    runs = replicate(score=0.25, scores={"class_means": {"map_at_r": 0.75}})
    (row,) = build_board(runs).rows
    assert row.class_means["map_at_r"].mean == pytest.approx(0.75)
