"""Average ranks over replicates."""

from collections.abc import Callable

import pytest

from harness.figures.ranking import rank_entries
from harness.figures.sources import Entry, make_sources
from harness.record import Record
from harness.results import build_board


def entries(run: Callable[..., Record], **scores: list[float | None]) -> list[Entry]:
    records = [
        run(method, seed, score)
        for method, found in scores.items()
        for seed, score in enumerate(found)
        if score is not None
    ]
    return list(make_sources(build_board(records), records).entries)


def test_ranks_are_within_a_seed_and_averaged_over_seeds(run: Callable[..., Record]) -> None:
    ranking = rank_entries(entries(run, a=[0.9, 0.1], b=[0.5, 0.5], c=[0.4, 0.4]))
    assert dict(zip(ranking.labels, ranking.ranks, strict=True)) == {"a": 2, "b": 1.5, "c": 2.5}
    assert ranking.labels[0] == "b"
    assert ranking.seeds == (0, 1)


def test_who_lacks_a_seed_is_left_out_and_named(run: Callable[..., Record]) -> None:
    ranking = rank_entries(entries(run, a=[0.9, 0.8], b=[0.5, 0.5], c=[0.4, None]))
    assert ranking.left_out == ("c",)
    assert ranking.labels == ("a", "b")


def test_a_seed_that_few_have_does_not_leave_out_the_others(run: Callable[..., Record]) -> None:
    ranking = rank_entries(entries(run, a=[0.9, 0.8, 0.7], b=[0.5, 0.5], c=[0.4, 0.3]))
    assert (ranking.seeds, ranking.left_out) == ((0, 1), ())


def test_one_replicate_has_ranks_and_no_difference(run: Callable[..., Record]) -> None:
    ranking = rank_entries(entries(run, a=[0.9], b=[0.5]))
    assert (ranking.ranks, ranking.difference, ranking.intervals) == ((1.0, 2.0), None, ())


def test_cliques_join_what_is_nearer_than_the_difference(run: Callable[..., Record]) -> None:
    """Ten seeds of four methods: the difference is 1.483 (Demsar 2006, table 5: q 2.569)."""
    order = {"a": 4, "b": 3, "c": 2, "d": 1}
    scores = {
        name: [value / 10 + seed / 1000 for seed in range(10)] for name, value in order.items()
    }
    ranking = rank_entries(entries(run, **scores))
    assert ranking.difference == pytest.approx(1.483, abs=1e-3)
    assert ranking.cliques == ((0, 1), (1, 2), (2, 3))


def test_nothing_scored_is_an_empty_ranking(run: Callable[..., Record]) -> None:
    assert rank_entries([]).labels == ()
