"""Searching for several methods at once: trial by trial, the trials of one round side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.data import stream_seed
from harness.execution.plan import Entrant, Plan, PlannedRun, Replicate, plan_trial
from harness.execution.session import Event
from harness.method import Method
from harness.method.space import Value
from harness.protocol import Protocol
from harness.record import Searched, mean_validation
from harness.store import Store

if TYPE_CHECKING:
    from harness.search.study import Study

RunPlan = Callable[[Plan], Iterator[Event]]


@dataclass(frozen=True)
class Tuned:
    """What a search chose; the entrant itself, at its defaults, where there was nothing to find."""

    entrant: Entrant
    search: int


@dataclass
class _Search:
    """The search of one method in progress. `folds`: its runs at the defaults, as a pattern."""

    folds: Replicate
    search: int
    study: Study
    tried: list[tuple[Replicate, float | None]] = field(default_factory=list)
    seconds: float = 0.0
    skipped: bool = False


def searches_of(protocol: Protocol, folds: Sequence[Replicate]) -> list[tuple[Replicate, int]]:
    """Which searches a protocol asks for: each replicate's method, that has a space, by repeat."""
    if protocol.search.trials == 0:
        return []
    return [
        (replicate, search)
        for search in range(protocol.search.repeats)
        for replicate in folds
        if replicate.to_search
    ]


class Searching:
    """The searches of a session. Iterate `run`, then read `tuned`.

    A trial trains the folds that the protocol asks of it from one seed, the same for every method,
    and is answered with the mean of their validation values; one with a fold that ended otherwise
    is told as failed.
    Everything is in the store: stopped anywhere, the same call goes on from there.
    """

    def __init__(
        self, protocol: Protocol, folds: Sequence[Replicate], store: Store, run_plan: RunPlan
    ) -> None:
        # Not before there is something to search: optuna takes its time to load.
        from harness.search.study import Study

        self._protocol = protocol
        self._store = store
        self._run_plan = run_plan
        rule = protocol.search
        self._searches = [
            _Search(replicate, search, Study(_method(replicate), rule.sampler, search=search))
            for replicate, search in searches_of(protocol, folds)
        ]

    def run(self) -> Generator[Event, None, None]:
        """Run every trial that the store lacks, round by round; yields the session's events."""
        for trial in range(self._protocol.search.trials):
            open_ = [search for search in self._searches if not search.skipped]
            asked = [(search, self._ask(search, trial)) for search in open_]
            yield from self._run_plan(Plan(self._protocol, tuple(one for _, one in asked)))
            for search, replicate in asked:
                self._tell(search, replicate)

    def tuned(self) -> list[Tuned]:
        """The best point of each search, as an entrant for fresh replicates."""
        return [Tuned(self._best(search), search.search) for search in self._searches]

    def _ask(self, search: _Search, trial: int) -> Replicate:
        registered = search.folds.entrant.registered
        entrant = Entrant(registered, registered.method.point(search.study.ask()), "trial")
        seed = stream_seed(search.search, "trial", trial)
        return plan_trial(
            search.folds,
            entrant,
            search=search.search,
            trial=trial,
            seed=seed,
            folds=self._protocol.search.folds,
        )

    def _tell(self, search: _Search, replicate: Replicate) -> None:
        records = [self._store.record(run_id) for run_id in replicate.run_ids]
        found = [record for record in records if record is not None]
        if len(found) < len(records):
            raise SearchStopped
        # What the protocol or the data lack for a method is lacking in every trial.
        search.skipped = all(record.state == "skipped" for record in found)
        value = mean_validation(found)
        search.tried.append((replicate, value))
        search.seconds += math.fsum(r.audit.seconds for r in found if r.audit is not None)
        search.study.tell(value)

    def _best(self, search: _Search) -> Entrant:
        values = [value for _, value in search.tried if value is not None]
        if not values:
            return search.folds.entrant
        best = max(values)
        trial = next(index for index, (_, value) in enumerate(search.tried) if value == best)
        entrant = search.tried[trial][0].entrant
        method, rule = entrant.registered.method, self._protocol.search
        facts = Searched(
            search=search.search,
            trials=rule.trials,
            failed=len(search.tried) - len(values),
            sampler=rule.sampler,
            metric=self._protocol.selection.metric,
            best_trial=trial,
            value=best,
            on_bound=_on_bound(entrant),
            space={name: str(bounds) for name, bounds in method.space.items()},
            seconds=search.seconds,
        )
        return Entrant(entrant.registered, entrant.hyperparameters, "search", facts)


def tuned_plan(plan: Plan, tuned: Sequence[Tuned]) -> Plan:
    """The plan with each replicate at what was found for it: that of search seed mod repeats."""
    repeats = plan.protocol.search.repeats
    found = {(one.entrant.name, one.search): one.entrant for one in tuned}
    return Plan(
        plan.protocol,
        tuple(
            _at(replicate, found.get((replicate.entrant.name, replicate.seed % repeats)))
            for replicate in plan.replicates
        ),
        searched=True,
    )


def _at(replicate: Replicate, entrant: Entrant | None) -> Replicate:
    if entrant is None:
        return replicate
    point = {"hyperparameters": dict(entrant.hyperparameters)}
    runs = [PlannedRun(entrant, run.identity.model_copy(update=point)) for run in replicate.runs]
    return Replicate(entrant, replicate.seed, tuple(runs))


class SearchStopped(Exception):
    """The session was stopped before a trial was complete; the store has what was done."""


def _method(replicate: Replicate) -> Method:
    return replicate.entrant.registered.method


def _on_bound(entrant: Entrant) -> tuple[str, ...]:
    space = entrant.registered.method.space
    point: dict[str, Value] = dict(entrant.hyperparameters)
    return tuple(name for name, bounds in space.items() if bounds.on_bound(point[name]))
