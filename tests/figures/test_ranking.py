"""Average ranks over replicates."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.errors import UserError
from harness.figures.charts import average_ranking
from harness.figures.drawing.boards import ranks
from harness.figures.drawing.chart import Bracket
from harness.figures.sources import Sources, make_sources
from harness.record import Record, Told
from harness.results import build_board


def sources(run: Callable[..., Record], **scores: list[float | None]) -> Sources:
    records = [
        run(method, seed, score)
        for method, found in scores.items()
        for seed, score in enumerate(found)
        if score is not None
    ]
    return make_sources(build_board(records), records)


def test_ranks_are_within_a_seed_and_averaged_over_seeds(run: Callable[..., Record]) -> None:
    ranking = average_ranking(sources(run, a=[0.9, 0.1], b=[0.5, 0.5], c=[0.4, 0.4]))
    assert dict(zip(ranking.labels, ranking.ranks, strict=True)) == {"a": 2, "b": 1.5, "c": 2.5}
    assert ranking.labels[0] == "b"
    assert ranking.seeds == (0, 1)


def test_who_lacks_a_seed_is_left_out_and_named(run: Callable[..., Record]) -> None:
    ranking = average_ranking(sources(run, a=[0.9, 0.8], b=[0.5, 0.5], c=[0.4, None]))
    assert ranking.left_out == ("c",)
    assert ranking.labels == ("a", "b")


def test_a_seed_that_few_have_does_not_leave_out_the_others(run: Callable[..., Record]) -> None:
    ranking = average_ranking(sources(run, a=[0.9, 0.8, 0.7], b=[0.5, 0.5], c=[0.4, 0.3]))
    assert (ranking.seeds, ranking.left_out) == ((0, 1), ())


@pytest.mark.parametrize(("looks", "seeds"), [((), 3), ((2, 5), 2), ((1, 5), 1), ((5, 9), 0)])
def test_only_the_seeds_of_the_last_look_are_ranked(
    looks: tuple[int, ...], seeds: int, run: Callable[..., Record]
) -> None:
    records = [
        run(method, seed, score, looks=looks, replicates=9)
        for method, score in (("a", 0.5), ("b", 0.4))
        for seed in range(3)
    ]
    found = make_sources(build_board(records), records)
    ranking = average_ranking(found)
    assert ranking.seeds == tuple(range(seeds))
    assert len(ranking.intervals) == (2 if seeds > 1 else 0)
    ranks(found)


def test_one_replicate_has_ranks_and_no_difference(run: Callable[..., Record]) -> None:
    ranking = average_ranking(sources(run, a=[0.9], b=[0.5]))
    assert (ranking.ranks, ranking.difference, ranking.intervals) == ((1.0, 2.0), None, ())


def test_cliques_join_what_is_nearer_than_the_difference(run: Callable[..., Record]) -> None:
    """Ten seeds of four methods: the difference is 1.483 (Demsar 2006, table 5: q 2.569)."""
    order = {"a": 4, "b": 3, "c": 2, "d": 1}
    scores = {
        name: [value / 10 + seed / 1000 for seed in range(10)] for name, value in order.items()
    }
    ranking = average_ranking(sources(run, **scores))
    assert ranking.difference == pytest.approx(1.483, abs=1e-3)
    assert ranking.cliques == ((0, 1), (1, 2), (2, 3))


def test_bars_beside_each_other_keep_to_lanes_of_their_own(run: Callable[..., Record]) -> None:
    scores = {
        name: [5 - place + seed / 99 for seed in range(10)] for place, name in enumerate("abcd")
    }
    chart = ranks(sources(run, **scores))
    assert chart.brackets == (Bracket(0, 1, 0), Bracket(1, 2, 1), Bracket(2, 3, 0))
    assert chart.measure == (pytest.approx(1.483, abs=1e-3), "critical difference 1.48")


def test_of_too_many_groups_each_row_has_its_own(
    run: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.figures.drawing.boards._LANES", 1)
    scores = {
        name: [5 - place + seed / 99 for seed in range(10)] for place, name in enumerate("abcd")
    }
    chart = ranks(sources(run, **scores))
    assert [(b.first, b.last, b.of) for b in chart.brackets] == [
        (0, 1, 0),
        (0, 2, 1),
        (1, 3, 2),
        (2, 3, 3),
    ]
    assert "too many groups to draw" in chart.words


def test_one_sentence_tells_that_no_two_are_told_apart(run: Callable[..., Record]) -> None:
    chart = ranks(sources(run, a=[0.9, 0.1], b=[0.5, 0.5]))
    assert (chart.brackets, chart.measure) == ((), None)
    assert "tells no two methods apart" in chart.words


def test_nothing_scored_is_an_empty_ranking(run: Callable[..., Record]) -> None:
    unscored = run("a", 0, 0.0, state="failed", scores=None, audit=None)
    ranking = average_ranking(make_sources(build_board([unscored]), [unscored]))
    assert (ranking.labels, ranking.left_out) == ((), ("a",))


def test_where_each_may_stand_is_what_the_board_says(run: Callable[..., Record]) -> None:
    """Rows of fewer seeds count too: they may stand above those that are drawn."""
    scores = {name: [value + seed / 1000 for seed in range(6)] for name, value in SPREAD.items()}
    found = sources(run, **scores | {"late": [0.55, 0.551, 0.552]})
    ranking = average_ranking(found)
    telling = found.board.telling("map_at_r")
    known = {
        found.board.rows[row].label: span
        for row, span in zip(telling.order, [row.ranks for row in telling.found.rows], strict=True)
    }
    assert ranking.left_out == ("late",)
    assert ranking.intervals == tuple(known[label] for label in ranking.labels)
    assert max(high for _, high in ranking.intervals) == len(SPREAD) + 1


SPREAD = {"a": 0.62, "b": 0.6, "c": 0.4, "d": 0.3}


def lowered(run: Callable[..., Record], told: dict[str, Any] | None) -> Sources:
    """Rows good and bad by a plugin's metric of which less is better."""
    records = []
    for method, level in (("good", 0.1), ("bad", 0.9)):
        for seed in range(3):
            scores = {"extra": {"spill": level + seed / 100}, **({"told": told} if told else {})}
            records.append(run(method, seed, 0.5, scores=scores))
    return make_sources(build_board(records), records)


TOLD = {"spill": Told(higher_is_better=False)}


def test_the_direction_is_what_the_records_say(run: Callable[..., Record]) -> None:
    ranking = average_ranking(lowered(run, TOLD), "spill")
    assert (ranking.labels, ranking.ranks) == (("good", "bad"), (1.0, 2.0))


def test_a_direction_that_nobody_recorded_is_not_guessed(run: Callable[..., Record]) -> None:
    old = lowered(run, None)
    with pytest.raises(UserError, match="say which way it is better"):
        average_ranking(old, "spill")
    assert average_ranking(old, "spill", higher_is_better=False).labels == ("good", "bad")
