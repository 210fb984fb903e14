"""Recorded runs put to work: their test parts read, one view of each sample or several."""

from __future__ import annotations

import json
import shlex
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import Attribute, Dataset
from harness.deployment.arms import (
    VIEWS,
    DeploymentTerms,
    Outcome,
    mean_outcome,
    run_arms,
    run_base,
)
from harness.deployment.gallery import GallerySamples
from harness.deployment.results import Deployment, arm_rows
from harness.errors import NotComparable, UserError, unknown
from harness.figures.embedded import as_compared
from harness.figures.sources import (
    Entry,
    Sources,
    load_sources,
    require_dataset,
    store_of,
    test_part,
)
from harness.protocol import published_names
from harness.record import Record
from harness.rescoring.rescore import RuleBook
from harness.results import Board, Selector
from harness.results.source import Source, StoreSource
from harness.store import Store

SUFFIX = "-views"


def load_runs(source: Source, select: Selector) -> tuple[Store, Sources]:
    """Read the leaderboard of what was run last, of what matches, with its runs and their store.

    Where no protocol is asked for and several views came last, that of the runs they are twins of,
    if the store has it. UserError as `load_board`, and for a published file.
    """
    store, found = store_of(source), load_sources(source, select=select)
    plain = found.board.protocol.removesuffix(SUFFIX)
    there = {(scope.protocol, scope.dataset) for scope in source.scopes()}
    views = "protocol" not in select.wanted and plain != found.board.protocol
    if views and (plain, found.board.dataset) in there:
        both = {"protocol": plain, "dataset": found.board.dataset}
        found = load_sources(source, select=Selector({**select.wanted, **both}))
    return store, found


class ViewsRuns:
    """Finds to the runs of a protocol those of its twin, named the same and `-views`."""

    def __init__(self, store: Store, board: Board) -> None:
        self._protocol = f"{board.protocol}{SUFFIX}"
        self._board = board
        there = (self._protocol, board.dataset_digest, board.semantics.training, board.unlocked)
        source = StoreSource(store)
        self._runs: dict[Hashable, Record] = {
            _key(record): record
            for scope in source.scopes()
            if (scope.protocol, scope.dataset_digest, scope.training_semantics, scope.unlocked)
            == there
            for record in source.records(scope)
            if record.state == "done"
        }

    def of(self, runs: Sequence[Record]) -> list[Record] | None:
        """The twins of a replicate's folds, or None if any is missing.

        NotComparable if a twin started from other weights or saw other batches.
        """
        twins = [self._runs.get(_key(run)) for run in runs]
        found = [twin for twin in twins if twin is not None]
        if len(found) < len(runs):
            return None
        for run, twin in zip(runs, found, strict=True):
            before = (run.init_digest, run.batches_digest)
            if before != (twin.init_digest, twin.batches_digest):
                raise NotComparable(
                    f"{run.identity}: {run.identity.protocol} and {self._protocol} "
                    "did not train alike"
                )
        return found

    def notes(self) -> list[str]:
        """How to get what is not there."""
        if self._runs or self._protocol not in published_names():
            return []
        board = self._board
        methods = dict.fromkeys(row.method for row in board.rows)
        seeds = 1 + max((seed for row in board.rows for seed in row.run_ids), default=0)
        command = ["bench", "run", "--protocol", self._protocol, "--dataset", board.dataset]
        command += ["--methods", ",".join(methods), "--seeds", str(seeds)]
        command += [word for value in board.unlocked for word in ("--set", value)]
        return [f"F takes runs of the same seeds: {shlex.join(command)}"]


def _key(record: Record) -> Hashable:
    identity = record.identity
    point = json.dumps(identity.hyperparameters, sort_keys=True)
    version = (identity.distribution, identity.version, identity.source)
    return (identity.method, *version, point, identity.seed, identity.fold)


def deploy(
    store: Store,
    sources: Sources,
    data: Dataset,
    *,
    rules: RuleBook,
    variable: str | None = None,
    settings: DeploymentTerms,
) -> Deployment:
    """Put every complete replicate of a leaderboard to work, and aggregate by method and arm.

    `data`: the leaderboard's dataset, which has the background `variable` (by default its only
    attribute). Measures are averaged over the folds of a replicate. UserError where the dataset
    is another one, the variable unknown, or a run left no embeddings.
    """
    board = sources.board
    require_dataset(board, data)
    name = _variable(data, variable)
    reader = _GalleryReader(store, rules, data.attributes[name], settings)
    views = ViewsRuns(store, board)
    entries = [entry for entry in sources.entries if entry.row.run_ids]
    if not entries:
        raise UserError(f"store {store.path}: holds no complete replicate of {board.protocol}")
    return Deployment(
        protocol=board.protocol,
        dataset=board.dataset,
        variable=name,
        values=len(data.attributes[name].names),
        classes=len(np.unique(reader.samples(next(iter(entries[0].complete.values()))[0]).labels)),
        settings=settings,
        rows=[
            row for entry in entries for row in arm_rows(entry.label, _arms(entry, reader, views))
        ],
        notes=views.notes(),
    )


def _variable(data: Dataset, wanted: str | None) -> str:
    names = list(data.attributes)
    if wanted in names:
        return wanted
    if wanted is not None:
        raise unknown("attribute", wanted, names, where=f"dataset {data.name}")
    if len(names) != 1:
        listed = ", ".join(names) or "none; `NAME+rotation` has one"
        raise UserError(
            f"dataset {data.name}: name its background variable by --variable ({listed})"
        )
    return names[0]


def _arms(entry: Entry, reader: _GalleryReader, views: ViewsRuns) -> dict[str, dict[int, Outcome]]:
    arms: dict[str, dict[int, Outcome]] = {}
    for seed, runs in entry.complete.items():
        for arm, outcome in reader.arms(runs, seed).items():
            arms.setdefault(arm, {})[seed] = outcome
        twins = views.of(runs)
        if twins is not None:
            arms.setdefault(VIEWS, {})[seed] = reader.base(twins, seed)
    return arms


@dataclass(frozen=True)
class _GalleryReader:
    """Reads the test parts that the folds of a replicate left, and puts them to work."""

    store: Store
    rules: RuleBook
    attribute: Attribute
    terms: DeploymentTerms

    def arms(self, runs: Iterable[Record], seed: int) -> dict[str, Outcome]:
        """Every arm but that of several views, averaged over the folds."""
        folds = [run_arms(self.samples(run), self.terms, seed=seed) for run in runs]
        return {arm: mean_outcome([fold[arm] for fold in folds]) for arm in folds[0]}

    def base(self, runs: Iterable[Record], seed: int) -> Outcome:
        """Plain search, averaged over the folds."""
        return mean_outcome([run_base(self.samples(run), self.terms, seed=seed) for run in runs])

    def samples(self, run: Record) -> GallerySamples:
        """A run's test part in the order of the dataset."""
        embeddings, labels, positions = test_part(self.store, run)
        distance = self.rules.rule(run).distance
        return GallerySamples(
            embeddings=as_compared(embeddings.astype(np.float64), distance),
            labels=labels,
            values=self.attribute.values[positions],
        )
