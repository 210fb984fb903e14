"""`Benchmark`: a protocol, methods and a dataset, ready to be planned, tuned and run.

The front door for programs; `bench run` and `bench tune` are thin layers over it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from harness import sandbox
from harness.errors import UserError
from harness.protocol import load_protocol
from harness.registry import load_registry
from harness.resolving import stages, usual_looks
from harness.settings import DEFAULT_PROTOCOL, DEFAULT_STORE, OWN_DATA_PROTOCOL, Settings

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.execution.executor import Bench
    from harness.execution.plan import Entrant, Plan, PlannedRun
    from harness.execution.session import ReplicateEnded, RunEnded, RunStarted
    from harness.forecast import Forecast
    from harness.protocol import Protocol
    from harness.reading.options import Reading
    from harness.record import Record
    from harness.registry import Registry
    from harness.results import Board
    from harness.search import Tuned
    from harness.store import Store

    Event: TypeAlias = (
        "RunStarted | RunEnded | ReplicateEnded | SearchStarted | SearchEnded | Planned"
    )

Given = Mapping[str, object] | Sequence[str]
"""Values by key path, as `{"training.steps": 100}` or `["training.steps=100"]`."""

_FOR_VECTORS = ("mlp", "linear")
"""The core's backbones for vectors, the usual one first."""

log = logging.getLogger(__name__)


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


class Benchmark:
    """What is compared by which rules on which data; nothing heavy is loaded until it is used.

    `protocol`: a published name or a .toml file's path; by default `DEFAULT_PROTOCOL`, for own data
    `OWN_DATA_PROTOCOL` (harness/settings.py). `methods`: names, or "all". `dataset`: by default the
    protocol's first. `data`: your own instead, a `Dataset` or a path as `bench run
    --data` takes it, with a `reading` that says what is not plain in a file. `seeds`: how many
    replicates, by default all of the protocol's. `overrides`: other values than the protocol's,
    which is then unlocked; `hyperparameters`: other values than the methods' defaults, by
    `method.name`. `plugins`: files of uninstalled plugins. `resolve`: look at the board after some
    seeds, those of the protocol's `looks` or else 3, 5 and all, and go on with the methods that may
    still be the best; the level is shared by the looks.

    `device`, `executor` and `settings` say how the runs are executed, and change no result.
    `keep_weights`: each run keeps its trained embedder in the store (`bench export`).
    `notes` are sentences that a person should read: how own data are split, broken plugins.

    Raises UserError for anything that is misspelt or not there.
    """

    def __init__(  # noqa: PLR0913 - one argument an option of `bench run`
        self,
        *,
        protocol: str | Path | None = None,
        methods: str | Sequence[str] = "all",
        dataset: str | None = None,
        data: Dataset | Path | str | None = None,
        reading: Reading | None = None,
        seeds: int | None = None,
        resolve: bool = False,
        overrides: Given = (),
        hyperparameters: Given = (),
        plugins: Sequence[Path | str] = (),
        device: str = "auto",
        executor: str = "local",
        settings: Settings | None = None,
        keep_weights: bool = False,
    ) -> None:
        protocol = protocol or (DEFAULT_PROTOCOL if data is None else OWN_DATA_PROTOCOL)
        own, reason, turned = (None, [], []) if data is None else _own(data, reading)
        if own is not None and _names_own(protocol, own):
            turned, dataset = [], own.name
        texts = [*_texts(overrides), *turned]
        self.protocol = load_protocol(str(protocol), dataset=dataset, overrides=texts)
        if own is not None:
            texts += _for_vectors(own, self.protocol, texts)
            self.protocol = load_protocol(str(protocol), dataset=dataset, overrides=texts)
            reason += _described(own, self.protocol)
        if resolve and not self.protocol.looks:
            looks = usual_looks(self.protocol.replicates)
            self.protocol = self.protocol.model_copy(update={"looks": looks})
        self.settings = settings or Settings()
        sandbox.choose(self.settings.sandbox)
        sandbox.require()
        self.registry = load_registry([Path(plugin) for plugin in plugins])
        if own is not None:
            _require_fitting_weights(own, self.protocol, self.registry)
        self.notes = (*reason, *(f"bench: {problem}" for problem in self.registry.problems))
        self.methods = _names(methods)
        self._add_controls()
        self._own = own
        # Names are checked before anything heavy is imported: a slip is answered at once.
        self._check_names()
        self._executor = self.registry.executor(executor).item
        self._given = _texts(hyperparameters)
        self.seeds = self._replicates(seeds)
        self._device = device
        self._keep_weights = keep_weights
        if keep_weights:
            from harness.embedder.keeping import require_alone

            require_alone(self.protocol)

    def __repr__(self) -> str:
        rules = self.protocol
        return f"<Benchmark {rules.name} on {rules.dataset}: {', '.join(self.methods)}>"

    def plan(self) -> Plan:
        """The runs that there are, methods at their defaults where a search has yet to find them.

        Loads the data: a run's id holds their digest.
        """
        return self._plan(self._bench)

    def forecast(self, store: Path | str = DEFAULT_STORE) -> Forecast:
        """What there is to do that the store lacks, and the time that it is expected to take.

        Where nothing is recorded yet, a few steps are timed on this machine.
        """
        from harness.execution.machine import choose_device
        from harness.forecast import forecast

        bench = replace(self._bench, device=choose_device(self._device))
        return forecast(self._plan(bench), bench, Path(store), self.settings)

    def run(
        self,
        store: Path | str = DEFAULT_STORE,
        *,
        retry_failed: bool = False,
        track: Sequence[str] = (),
    ) -> Session:
        """A session that searches if the protocol says so, then runs what the store lacks.

        Iterate it for events, or `watch()` it. Nothing happens before. `retry_failed`: run those
        again that failed before. `track`: show runs elsewhere too, as `bench run --track`.
        """
        return Session(self, Path(store), retry_failed=retry_failed, track=track)

    def tune(self, store: Path | str = DEFAULT_STORE) -> Session:
        """A session of the hyperparameter search alone; what it found is its `tuned`.

        Raises UserError for a protocol without a search.
        """
        rules = self.protocol
        if rules.search.trials == 0:
            raise UserError(
                f"protocol '{rules.name}' has no search: every method runs at its defaults "
                "(--trials N searches all the same)"
            )
        return Session(self, Path(store), search_only=True)

    @cached_property
    def dataset(self) -> Dataset:
        """The data, loaded when they are first used."""
        from harness.data.loading import load_dataset

        return self._own or load_dataset(self.registry, self.protocol.dataset)

    @cached_property
    def entrants(self) -> list[Entrant]:
        """The methods at the points of their spaces that were given."""
        from harness.execution.plan import choose_entrants

        return choose_entrants(self.registry, self.methods, self._given)

    @cached_property
    def _bench(self) -> Bench:
        from harness.execution.executor import Bench
        from harness.execution.machine import choose_device
        from harness.models.sources import require_weights

        if self.protocol.correcting is not None:
            raise UserError(
                f"protocol '{self.protocol.name}': is of texts that a user corrects turn by turn; "
                f"`bench correct --protocol {self.protocol.name}` goes through them"
            )
        assert self.entrants  # what is wrong with hyperparameters is said before data are loaded
        device = choose_device(self._device, here=not self._executor.remote)
        rule = self.protocol.backbone
        weights = self.registry.backbone(rule.name).item.weights_named(rule.weights)
        if weights is not None:
            require_weights(weights)
        if self._own is None and "dataset" not in vars(self) and self.settings.workers == 1:
            from harness.apart.nursery import begin_here

            begin_here()
        if self._own is None:
            _report_copies(self.dataset, self.protocol)
        bench = Bench(
            registry=self.registry,
            protocol=self.protocol,
            dataset=self.dataset,
            device=device,
            keep_weights=self._keep_weights,
            sandbox=self.settings.sandbox,
        )
        bench.fence()
        if line := sandbox.absent():
            log.warning("%s", line)
        return bench

    def _plan(self, bench: Bench) -> Plan:
        from harness.execution.plan import make_plan, trunk_code

        trunk = trunk_code(self.registry, self.protocol.backbone)
        digest = bench.dataset.digest
        return make_plan(self.protocol, digest, self.entrants, self.seeds, trunk=trunk)

    def _add_controls(self) -> None:
        """Those that the protocol names run too, where they are installed; it is said."""
        if "all" in self.methods:
            return
        more = [name for name in self.protocol.controls if name not in self.methods]
        there = [name for name in more if name in self.registry.methods]
        lacking = [name for name in more if name not in there]
        self.methods += there
        where = f"protocol '{self.protocol.name}'"
        if there:
            self.notes += (f"{where}: its controls run too: {', '.join(there)}",)
        if lacking:
            self.notes += (f"{where}: controls not installed: {', '.join(lacking)}",)

    def _check_names(self) -> None:
        self.registry.require_methods(name for name in self.methods if name != "all")
        rules = self.protocol
        if self._own is None:
            self.registry.dataset(rules.dataset)
        self.registry.backbone(rules.backbone.name).item.weights_named(rules.backbone.weights)

    def _replicates(self, seeds: int | None) -> int:
        rules = self.protocol
        if seeds is not None and not 1 <= seeds <= rules.replicates:
            raise UserError(
                f"--seeds {seeds}: protocol '{rules.name}' has {rules.replicates} replicates "
                f"(allowed: 1..{rules.replicates})"
            )
        if seeds is not None and rules.looks and seeds not in rules.looks:
            looks = ", ".join(map(str, rules.looks))
            raise UserError(f"--seeds {seeds}: the board is not looked at then (allowed: {looks})")
        return rules.replicates if seeds is None else seeds


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


def _own(
    data: Dataset | Path | str, reading: Reading | None
) -> tuple[Dataset, list[str], list[str]]:
    """A person's data, the sentence on how they are split, and the override that says so."""
    from harness.data.dataset import Dataset
    from harness.data.own import fitting_split, load_path
    from harness.reading.options import Reading

    dataset = data if isinstance(data, Dataset) else load_path(Path(data), reading or Reading())
    own, reason = fitting_split(dataset)
    notes = [f"{dataset.name}: {note}" for note in (reason, *dataset.notes)]
    return dataset, notes, [own.override]


def _names_own(protocol: Path | str, data: Dataset) -> bool:
    """Whether a protocol's file was written for data of this name; no published one ever is."""
    return str(protocol).endswith(".toml") and data.name in load_protocol(str(protocol)).datasets


def _for_vectors(data: Dataset, rules: Protocol, overrides: Sequence[str]) -> list[str]:
    """The overrides that give vectors a backbone for vectors, where none was chosen."""
    chosen = any(text.partition("=")[0].strip() == "backbone.name" for text in overrides)
    if data.is_images or chosen or rules.backbone.name in _FOR_VECTORS:
        return []
    return [f'backbone.name="{_FOR_VECTORS[0]}"', 'backbone.weights="random"']


def _require_fitting_weights(data: Dataset, rules: Protocol, registry: Registry) -> None:
    """UserError where pretrained weights are for images of other channels."""
    source = registry.backbone(rules.backbone.name).item
    weights = source.weights_named(rules.backbone.weights)
    if weights is not None:
        from harness.models.sources import given_standardisation

        given_standardisation(weights, data)


def _described(data: Dataset, rules: Protocol) -> list[str]:
    """What the data are and how they are split, a line each; UserError where no run could be."""
    from harness.data.duplicates import copies
    from harness.data.label_sets import label_sets_of
    from harness.data.own import described
    from harness.data.roles import searches
    from harness.data.splits import make_split

    lines = list(described(data, rules.split))
    test = make_split(data, rules.split, fold=0, seed=0).test
    lines += searches(data, test, rules.scoring)
    label_sets_of(data, rules.label_sets)
    if not data.is_images:
        lines.append(f"vectors: the backbone is {rules.backbone.name}")
    lines += copies(data, test)
    return [f"{data.name}: {line}" for line in lines]


def _report_copies(data: Dataset, rules: Protocol) -> None:
    """Log the samples that stand under several classes, or on both sides of the test.

    UserError where the protocol scores by roles or attributes that the data lack.
    """
    from harness.data.dataset import MappedArray
    from harness.data.duplicates import copies
    from harness.data.label_sets import label_sets_of
    from harness.data.roles import roles_of
    from harness.data.splits import make_split

    test = make_split(data, rules.split, fold=0, seed=0).test
    roles_of(data, test, rules.scoring)
    label_sets_of(data, rules.label_sets)
    if isinstance(data.inputs, MappedArray):
        return
    for line in copies(data, test):
        log.warning("dataset %s: %s", data.name, line)


def _names(methods: str | Sequence[str]) -> list[str]:
    listed = methods.split(",") if isinstance(methods, str) else list(methods)
    for one in listed:
        if not isinstance(one, str):
            raise UserError(
                f"methods: {type(one).__name__} is not a name; a method of your own comes from a "
                "file: plugins=['mine.py']"
            )
    names = [name.strip() for name in listed if name.strip()]
    if not names:
        raise UserError("--methods: names no method (give names separated by commas, or 'all')")
    return names


def _texts(given: Given) -> list[str]:
    """`key=value` texts, values as TOML writes them."""
    if isinstance(given, Mapping):
        return [
            f"{key}={value if isinstance(value, str) else json.dumps(value)}"
            for key, value in given.items()
        ]
    return list(given)
