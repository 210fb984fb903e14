"""Search history."""

from collections.abc import Callable

from harness.figures.charts import SearchHistory, search_histories, search_metric
from harness.figures.sources import Entry, make_sources
from harness.record import Record
from harness.results import build_board

Run = Callable[..., Record]


def entry_of(run: Run, trials: list[Record]) -> Entry:
    records = [run("a", 0, 0.5)]
    return make_sources(build_board(records), records, trials).entries[0]


def values(history: SearchHistory) -> list[float | None]:
    return [trial.value for trial in history.trials]


def test_the_best_so_far_never_falls_and_a_failed_trial_leaves_it(run: Run, trial: Run) -> None:
    told = [None, 0.3, 0.2, None, 0.4]
    trials = [trial("a", place, value) for place, value in enumerate(told)]
    (history,) = search_histories(entry_of(run, trials))
    assert values(history) == told
    assert history.best == [None, 0.3, 0.3, 0.3, 0.4]


def test_a_trial_is_the_mean_of_its_folds_and_fails_with_any_of_them(run: Run, trial: Run) -> None:
    folds = [
        trial("a", place, value, fold=fold, folds=2)
        for place, both in enumerate([(0.25, 0.75), (0.5, None)])
        for fold, value in enumerate(both)
    ]
    (history,) = search_histories(entry_of(run, folds))
    assert values(history) == [0.5, None]


def test_a_trial_with_a_fold_outstanding_is_not_shown_yet(run: Run, trial: Run) -> None:
    trials = [trial("a", 0, 0.5, folds=2)]
    assert search_histories(entry_of(run, trials)) == []


def test_of_a_trial_that_was_repeated_elsewhere_the_last_counts(run: Run, trial: Run) -> None:
    trials = [trial("a", 0, value, point={"margin": value}) for value in (0.5, 0.25)]
    (history,) = search_histories(entry_of(run, trials))
    assert values(history) == [0.25]


def test_each_search_has_a_history_of_its_own(run: Run, trial: Run) -> None:
    trials = [trial("a", 0, 0.1 * search, search=search) for search in (2, 1)]
    found = search_histories(entry_of(run, trials))
    assert [(history.search, values(history)) for history in found] == [(1, [0.1]), (2, [0.2])]


def test_what_was_skipped_was_not_searched_for(run: Run, trial: Run) -> None:
    entry = entry_of(run, [trial("a", 0, 0.0, state="skipped", selected=None)])
    assert search_histories(entry) == []
    assert search_metric([entry]) is None
