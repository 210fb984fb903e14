"""`Session`: a Benchmark at work on a store, from look to look, and the events that it tells."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.benchmark import Benchmark
    from harness.execution.executor import Bench
    from harness.execution.plan import Plan, PlannedRun
    from harness.execution.session import ReplicateEnded, RunEnded, RunStarted
    from harness.record import Record
    from harness.results import Board
    from harness.search import Tuned
    from harness.settings import Settings
    from harness.store import Store

    Event: TypeAlias = (
        "RunStarted | RunEnded | ReplicateEnded | SearchStarted | SearchEnded | Planned"
    )

log = logging.getLogger(__name__)

_USUAL = (3, 5)


@dataclass(frozen=True)
class SearchStarted:
    """The search that the protocol asks for begins: how many searches, of how many trials."""

    searches: int
    trials: int


@dataclass(frozen=True)
class SearchEnded:
    """Every search has found its best point."""

    tuned: tuple[Tuned, ...]


@dataclass(frozen=True)
class Planned:
    """The replicates begin: all their runs, and those of them that the store lacks.

    `look`: they go to this look, at so many seeds; further ones may follow. None: to the end.
    """

    plan: Plan
    todo: tuple[PlannedRun, ...]
    look: int | None = None


class Session:
    """A Benchmark at work on a store: iterate it for events; what is done is stored at once.

    Stop iterating at any point, or call `stop`: the same Benchmark goes on from there. `plan` has
    what a search found once it ended, `tuned` the same by method.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        store: Path,
        *,
        search_only: bool = False,
        retry_failed: bool = False,
        track: Sequence[str] = (),
    ) -> None:
        from harness.store import EmptyStore, Store

        if track:
            from harness.trackers import read_track

            for text in track:
                read_track(text)  # what is misspelt is said before data are loaded
        if store.is_file() or Store.is_at(store):
            with suppress(EmptyStore), Store.open(store) as opened:
                opened.require_writable()  # nor for a store that takes nothing
        self.benchmark = benchmark
        self.path = store
        self.plan = benchmark.plan()
        self.tuned: tuple[Tuned, ...] = ()
        self.search_only = search_only
        self.draining = threading.Event()
        self._bench = benchmark._bench
        self._retry_failed = retry_failed
        self._track = track
        self._store: Store | None = None
        self._left: set[str] = set()
        self._events = self._go()

    def __repr__(self) -> str:
        rules = self.benchmark.protocol
        return f"<Session {rules.name} on {rules.dataset}: {len(self.plan.runs)} runs>"

    def __iter__(self) -> Iterator[Event]:
        return self._events

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """Begin no further run; those that are running are finished."""
        self.draining.set()

    def close(self) -> None:
        """End what still runs, now."""
        self._events.close()

    @property
    def stopped(self) -> bool:
        """Whether runs or trials were left undone."""
        return bool(self._left)

    def watch(self) -> Board | None:
        """Go to the end, show how it goes, and return the board (None after `tune`).

        On a terminal a board that fills; in a notebook one cell's output, renewed in place; else
        a line a run on standard error. Ctrl-C once finishes what runs, twice stops at once; both
        raise KeyboardInterrupt.
        """
        from harness.progress import watch

        watch(self)
        return self.board()

    def board(self) -> Board | None:
        """The board as it stands; None while the store holds no run of the plan."""
        from harness.results import Selector, load_board
        from harness.store import Store

        if self.search_only or not Store.is_at(self.path):
            return None
        with ExitStack() as stack:
            store = self._store or stack.enter_context(Store.open(self.path))
            states = store.run_states()
            if not any(run.run_id in states for run in self.plan.runs):
                return None
            return load_board(
                store,
                select=Selector.of(self.plan.runs[0].identity),
                replicates=self.benchmark.seeds,
            )

    def recorded(self) -> list[Record]:
        """The Records that the store has of the same protocol and data."""
        assert self._store is not None, "the session has not begun, or is over"
        rules = self.plan.protocol
        return self._store.records(protocol_digest=rules.digest, dataset=rules.dataset)

    def failed(self) -> list[PlannedRun]:
        """The runs of the plan that ended without scores for a reason that is a fault."""
        from harness.store import Store

        with Store.open(self.path) as store:
            states = store.run_states()
        return [run for run in self.plan.runs if states.get(run.run_id) == "failed"]

    def _go(self) -> Generator[Event, None, None]:
        from harness.execution.session import RunEnded, outstanding
        from harness.store import Store

        with Store.open(self.path, create=True) as store, ExitStack() as stack:
            self._store = store
            stack.callback(setattr, self, "_store", None)
            store.require_writable()
            self._enter(stack, store)
            yield from self._search(store)
            if self.search_only or self._left:
                return
            if self.benchmark._keep_weights:
                _say_kept(len(self.plan.runs) - len(outstanding(self.plan, store)))
            for look, plan in stages(self.plan, self.board):
                self.plan = plan
                todo = outstanding(self.plan, store, retry_failed=self._retry_failed)
                self._left = {run.run_id for run in todo}
                yield Planned(self.plan, tuple(todo), look)
                if self.benchmark.settings.together > 1 and todo:
                    _say_together(todo, self._bench, self.benchmark.settings)
                for event in self._run(self.plan):
                    if isinstance(event, RunEnded):
                        self._left.discard(event.run.run_id)
                    yield event
                if self._left:
                    return

    def _enter(self, stack: ExitStack, store: Store) -> None:
        from harness.execution.machine import set_threads

        set_threads(self.benchmark.settings.threads)
        if self._track:
            from harness.trackers import tracking

            data, registry = self._bench.dataset, self.benchmark.registry
            seen = tracking(self._track, registry, store=store.path, dataset=data)
            stack.enter_context(seen)
        stack.enter_context(store.sole_writer(waiting=say_waiting))

    def _search(self, store: Store) -> Generator[Event, None, None]:
        if not self.plan.to_search:
            return
        from harness.search import Searching, SearchStopped, searches_of, tuned_plan

        folds = [replicate for replicate in self.plan.replicates if replicate.seed == 0]
        rules = self.plan.protocol
        count = len(searches_of(rules, folds))
        yield SearchStarted(count, rules.search.trials)
        searching = Searching(rules, folds, store, self._run)
        try:
            yield from searching.run()
        except SearchStopped:
            self._left = {run.run_id for run in self.plan.runs}
            return
        self.tuned = tuple(searching.tuned())
        self.plan = tuned_plan(self.plan, self.tuned)
        yield SearchEnded(self.tuned)

    def _run(self, plan: Plan) -> Generator[RunStarted | RunEnded | ReplicateEnded, None, None]:
        from harness.execution.session import run_plan

        assert self._store is not None
        replicates = plan is self.plan
        return run_plan(
            plan,
            self._bench,
            self._store,
            retry_failed=self._retry_failed and replicates,
            execute=self.benchmark._executor.execute,
            settings=self.benchmark.settings,
            draining=self.draining,
        )


def _say_kept(recorded: int) -> None:
    """Say of how many runs no weights are kept now, because they are recorded already."""
    if recorded:
        log.warning(
            "%d runs are recorded already and are not run again: bench export trains those again "
            "that kept no weights",
            recorded,
        )


def _say_together(todo: Sequence[PlannedRun], bench: Bench, settings: Settings) -> None:
    """Say which runs are trained together, and which are not, and why."""
    from harness.execution.cohort import told_together

    log.warning(told_together(todo, bench, settings))


def say_waiting() -> None:
    """Say that another process writes to the store."""
    log.warning("another bench run writes to this store: waiting for it to end")


def usual_looks(replicates: int) -> tuple[int, ...]:
    """The looks of a protocol that names none: at 3, 5 and all replicates, or 2 and 3.

    Raises UserError for fewer than three replicates.
    """
    if replicates < 3:
        raise UserError(
            f"--resolve: the protocol has {replicates} replicates: none to look after before the "
            "last (needed: 3)"
        )
    between = [look for look in _USUAL if look < replicates]
    return (*(between or [2]), replicates)


def stages(whole: Plan, board: Callable[[], Board | None]) -> Iterator[tuple[int | None, Plan]]:
    """What there is to run until each of the protocol's looks, and that look; None for all at once.

    Take one, run it, take the next: `board` is asked in between which methods may be the best.
    They alone go on, and nobody does once at most one row may be. A row without any complete
    replicate does not go on either.
    """
    looks = whole.protocol.looks
    if not looks:
        yield None, whole
        return
    last = 1 + max((replicate.seed for replicate in whole.replicates), default=0)
    going = {replicate.entrant.name for replicate in whole.replicates}
    until: dict[str, int] = {}
    for look in looks:
        if look > last or not going:
            return
        until |= dict.fromkeys(going, look)
        kept = tuple(one for one in whole.replicates if one.seed < until[one.entrant.name])
        yield look, replace(whole, replicates=kept)
        going = _may_be_best(whole, board())


def _may_be_best(plan: Plan, board: Board | None) -> set[str]:
    rows = board.rows if board else ()
    best = [row for row in rows if row.fold_values and row.best is not False]
    if len(best) < 2:
        return set()
    ids = {run_id for row in best for run_id in row.members}
    return {run.entrant.name for run in plan.runs if run.run_id in ids}
