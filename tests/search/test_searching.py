"""Equal search: as many trials for every method, from the store alone, and never the test part."""

from __future__ import annotations

import itertools
import math

import pytest

from harness import Choice, Float
from harness.data.parts import Vault
from harness.execution.session import RunEnded
from harness.results import load_board
from harness.search import SearchStopped

TRIALS = 5


def points(session):
    """Every trial's hyperparameters, seed and validation values, by method, in order."""
    records = session.store.records(trials=True)
    return sorted(
        (
            r.identity.method,
            r.identity.trial,
            r.identity.fold,
            r.identity.seed,
            tuple(sorted(r.identity.hyperparameters.items())),
            r.validation,
        )
        for r in records
    )


def test_every_method_gets_as_many_trials_on_every_fold(session, method):
    made = session(method("one"), method("two"))
    made.search()
    counts = {(m, t, f) for m, t, f, *_ in points(made)}
    assert counts == set(itertools.product(("one", "two"), range(TRIALS), range(2)))


def test_trials_of_one_number_share_their_seed_and_no_two_numbers_do(session, method):
    made = session(method("one"), method("two"))
    made.search()
    seeds = {(t, seed) for _, t, _, seed, *_ in points(made)}
    assert len(seeds) == TRIALS
    assert len({seed for _, seed in seeds}) == TRIALS


def test_the_first_trial_is_at_the_defaults(session, method):
    made = session(method())
    made.search()
    first = {point for _, t, _, _, point, _ in points(made) if t == 0}
    assert first == {(("count", 2), ("scale", 1.0))}


def test_the_best_is_the_highest_mean_over_the_folds(session, method):
    made = session(method())
    (tuned,) = made.search()
    means = {}
    for _, trial, _, _, point, value in points(made):
        means.setdefault(trial, (point, []))[1].append(value)
    best = max(means, key=lambda trial: math.fsum(means[trial][1]))
    facts = tuned.entrant.searched
    assert tuple(sorted(tuned.entrant.hyperparameters.items())) == means[best][0]
    assert facts.best_trial == best
    assert facts.value == pytest.approx(math.fsum(means[best][1]) / 2)
    assert facts.space == {"scale": "[0.1, 10] log", "count": "{1..4}"}


@pytest.mark.parametrize("done", [*range(1, 2 * TRIALS, 2), 4])  # in every trial, and between
def test_an_interrupted_search_goes_on_as_if_it_had_not_been(session, method, done):
    whole, broken = session(method(), where="whole"), session(method(), where="broken")
    whole.search()
    events = broken.searching().run()
    for _ in range(done):
        next(event for event in events if isinstance(event, RunEnded))
    events.close()
    broken.search()
    assert points(broken) == points(whole)


@pytest.mark.parametrize("sampler", ["tpe", "gp", "random"])
def test_each_sampler_proposes_the_same_again(session, method, sampler):
    found = []
    for where in ("one", "other"):
        made = session(method(), where=where, sampler=sampler, trials=3)
        made.search()
        found.append(points(made))
    assert found[0] == found[1]


def test_a_trial_that_fails_is_told_as_failed_and_never_as_zero(session, method):
    made = session(method(wrong=lambda scale, **_: scale != 1.0))
    (tuned,) = made.search()
    assert tuned.entrant.searched.failed == TRIALS - 1
    assert tuned.entrant.hyperparameters["scale"] == 1.0
    assert tuned.entrant.searched.value > 0


def test_where_every_trial_fails_the_replicates_are_at_the_defaults(session, method):
    made = session(method(wrong=lambda **_: True))
    (tuned,) = made.search()
    assert tuned.entrant.chosen_by == "default"
    assert tuned.entrant.searched is None


def test_no_trial_sees_the_test_part(session, method, monkeypatch):
    made = session(method())
    monkeypatch.setattr(Vault, "test", lambda _: pytest.fail("a trial asked for the test part"))
    made.search()
    assert all(record.scores is None for record in made.store.records(trials=True))


def test_the_replicates_are_fresh_and_only_they_are_on_the_board(session, method):
    made = session(method(), seeds=2)
    plan = made.finish(made.search())
    trial_ids = {record.run_id for record in made.store.records(trials=True)}
    assert trial_ids.isdisjoint(run.run_id for run in plan.runs)
    (row,) = load_board(made.store).rows
    assert row.chosen_by == ("search",)
    assert row.runs.done == 4
    assert row.cost.search_seconds > 0


def test_a_best_on_a_bound_is_flagged_on_the_board(session, method):
    narrow = {"scale": Float(0.5, 1.0, default=1.0)}
    made = session(method(space=narrow, wrong=lambda scale: scale < 1.0))
    made.finish(made.search())
    (row,) = load_board(made.store).rows
    assert "best on a bound: scale" in row.flags
    assert f"{TRIALS - 1} of {TRIALS} trials failed" in row.flags


def test_repeated_searches_take_turns_over_the_replicates(session, method):
    made = session(method(), seeds=3, repeats=2, trials=2)
    tuned = made.search()
    plan = made.finish(tuned)
    assert [one.search for one in tuned] == [0, 1]
    assert [r.entrant.searched.search for r in plan.replicates] == [0, 1, 0]
    (row,) = load_board(made.store).rows
    assert row.runs.done == 6


def test_a_method_without_hyperparameters_and_one_that_cannot_run_are_not_searched(session, method):
    made = session(method("plain", space={}), method("closed", setting="closed-set"))
    made.search()
    assert [(m, t) for m, t, *_ in points(made)] == [("closed", 0)] * 2


def test_given_hyperparameters_are_not_searched(session, method):
    made = session(method())
    entrant = made.entrants[0]
    made.entrants = [type(entrant)(entrant.registered, entrant.hyperparameters, "given")]
    assert made.search() == []


def test_a_session_that_ends_within_a_trial_says_so(session, method):
    made = session(method())
    searching = made.searching()
    searching._run_plan = lambda _plan: iter(())
    with pytest.raises(SearchStopped):
        list(searching.run())


def test_options_are_proposed_as_they_are(session, method):
    space = {"kind": Choice(("a", "b"), default="b"), "flag": Choice((True, False), default=True)}
    made = session(method(space=space))
    made.search()
    tried = {point for *_, point, _ in points(made)}
    assert all(
        dict(point)["kind"] in "ab" and dict(point)["flag"] in (True, False) for point in tried
    )


def test_a_trial_trains_the_folds_and_the_steps_that_the_protocol_gives_it(session, method):
    made = session(method(), folds=1, steps=1)
    (tuned,) = made.search()
    assert {fold for _, _, fold, *_ in points(made)} == {0}
    trials = made.store.records(trials=True)
    assert {record.audit.steps for record in trials} == {1}
    assert {record.selected.history[-1][0] for record in trials} == {1}
    made.finish([tuned])
    replicates = made.store.records()
    assert {record.identity.fold for record in replicates} == {0, 1}
    assert {record.audit.steps for record in replicates} == {2}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"folds": 3}, "search.folds must not be above split.folds, 2"),
        ({"steps": 3}, "search.steps must not be above training.steps"),
    ],
)
def test_a_trial_is_no_longer_than_a_replicate(session, method, wrong, why):
    with pytest.raises(ValueError, match=why):
        session(method(), **wrong)
