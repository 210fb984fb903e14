"""Which Records and which trials belong to which row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.figures.sources import Entry, load_sources, make_sources
from harness.record import Record, Searched
from harness.results import build_board
from harness.store import Store

Run = Callable[..., Record]


def entries(records: list[Record], trials: list[Record] | None = None) -> dict[str, Entry]:
    found = make_sources(build_board(records), records, trials or [])
    return {entry.label: entry for entry in found.entries}


def test_a_searched_row_has_its_replicates_whatever_was_found_for_each(
    run: Run, searched: Callable[[int], Searched]
) -> None:
    records = [
        run("a", seed, 0.5, point={"margin": seed}, chosen_by="search", searched=searched(seed))
        for seed in range(2)
    ]
    (entry,) = entries(records).values()
    assert entry.records == tuple(records)
    assert [search.search for search in entry.row.searches] == [0, 1]


def test_a_row_at_the_defaults_is_apart_from_the_searched_one(
    run: Run, trial: Run, searched: Callable[[int], Searched]
) -> None:
    default = run("a", 0, 0.4, point={"margin": 0})
    found = run("a", 0, 0.5, point={"margin": 1}, chosen_by="search", searched=searched(0))
    tried = trial("a", 0, 0.3)
    by_score = list(entries([default, found], [tried, trial("b", 0, 0.2)]).values())
    assert [entry.records for entry in by_score] == [(found,), (default,)]
    assert [entry.trials for entry in by_score] == [(tried,), ()]


def test_trials_that_found_nothing_are_at_the_row_of_the_defaults(run: Run, trial: Run) -> None:
    failed = trial("a", 0, None)
    given = run("a", 0, 0.5, point={"margin": 2}, chosen_by="given")
    found = entries([run("a", 0, 0.4, point={"margin": 0}), given], [failed])
    assert {label: entry.trials for label, entry in found.items()} == {
        "a (margin=2)": (),
        "a (margin=0)": (failed,),
    }


def test_a_store_gives_rows_their_trials(store_path: Path) -> None:
    with Store.open(store_path) as store:
        found = {entry.label: len(entry.trials) for entry in load_sources(store).entries}
    assert found == {"near$x^": 0, "far": 3}


def test_only_what_was_never_tried_is_skipped(run: Run) -> None:
    def without_scores(method: str, state: str, **more: Any) -> Record:
        return run(method, 0, 0.0, state=state, audit=None, **more).model_copy(
            update={"scores": None}
        )

    records = [run("done", 0, 0.5), without_scores("s", "skipped"), without_scores("f", "failed")]
    sources = make_sources(build_board(records), records)
    assert [entry.label for entry in sources.skipped()] == ["s"]
    assert [row.label for row in sources.tried().board.rows] == ["done", "f"]
