"""`Publication`: the Records of one protocol and dataset, as they are kept in results/."""

from __future__ import annotations

from typing import Literal

from harness.record import (
    Audit,
    Concatenation,
    Declared,
    Frozen,
    Identity,
    Reason,
    Record,
    Samples,
    Scores,
    Searched,
    Selected,
    State,
)

PUBLICATION_FORMAT = 1

Summary = dict[str, tuple[float | None, float | None, float | None, int]]
"""By metric: mean, lower and upper end of the 95 % t-interval, and of how many replicates."""


class Versions(Frozen):
    """The harness's versions of training and scoring that all runs share."""

    training: int
    scoring: int


class TestSet(Frozen):
    """Class codes of a test part, ascending, and how many queries each class has."""

    classes: tuple[int, ...]
    queries: tuple[int, ...]


class PublishedRun(Frozen):
    """One run: what its Record says, less what its method and its board say once for all.

    `environment`, `test_set`: places in the Publication's lists. `class_sums`: by metric, the sum
    of the scores of each class's queries, to four decimals, in the order of the test set.
    """

    id: str
    seed: int
    fold: int
    state: State
    reason: Reason | None = None
    init_digest: str | None = None
    batches_digest: str | None = None
    samples: Samples | None = None
    selected: Selected | None = None
    validation: float | None = None
    scores: Scores | None = None
    audit: Audit | None = None
    environment: int
    started: str
    finished: str
    test_set: int | None = None
    class_sums: dict[str, tuple[float, ...]] | None = None


class Joined(Frozen):
    """Scores of the joined embeddings of all folds of one replicate."""

    seed: int
    scores: Scores


class PublishedMethod(Frozen):
    """One row of the board: a method's version at one point of its space, and its runs.

    `separated`, `concatenated`: what `bench leaderboard` shows, rounded; it follows from the runs
    and is here for whoever reads the file.
    """

    method: str
    distribution: str
    version: str
    source: str
    hyperparameters: dict[str, float | int | str | bool]
    libraries: tuple[str, ...] = ()
    trunk: str
    declared: Declared
    chosen_by: Literal["default", "given", "search"]
    searched: Searched | None = None
    separated: Summary
    concatenated: Summary
    runs: tuple[PublishedRun, ...]
    joined: tuple[Joined, ...]


class Publication(Frozen):
    """A recorded leaderboard: every run that stands on it, with enough to compare it again."""

    format: int = PUBLICATION_FORMAT
    protocol: str
    protocol_digest: str
    dataset: str
    dataset_digest: str
    semantics: Versions
    folds: int
    replicates: int
    environments: tuple[dict[str, str], ...]
    test_sets: tuple[TestSet, ...]
    methods: tuple[PublishedMethod, ...]

    @property
    def measured(self) -> str:
        """When the last of its runs finished, ISO 8601."""
        return max(run.finished for method in self.methods for run in method.runs)

    def identity(self, method: PublishedMethod, run: PublishedRun) -> Identity:
        """What decided the result of one of its runs."""
        return Identity(
            protocol=self.protocol,
            protocol_digest=self.protocol_digest,
            unlocked=(),
            dataset=self.dataset,
            dataset_digest=self.dataset_digest,
            method=method.method,
            distribution=method.distribution,
            version=method.version,
            source=method.source,
            hyperparameters=method.hyperparameters,
            libraries=method.libraries,
            trunk=method.trunk,
            seed=run.seed,
            fold=run.fold,
            training_semantics=self.semantics.training,
        )

    def records(self) -> list[Record]:
        """The Records of all runs, as the store had them, without artifacts and tracebacks."""
        return [self._record(method, run) for method in self.methods for run in method.runs]

    def concatenations(self) -> list[Concatenation]:
        """The scores of the joined embeddings, by the ids of the runs joined."""
        return [
            Concatenation(run_ids=fold_ids(method.runs, joined.seed), scores=joined.scores)
            for method in self.methods
            for joined in method.joined
        ]

    def _record(self, method: PublishedMethod, run: PublishedRun) -> Record:
        return Record(
            identity=self.identity(method, run),
            declared=method.declared,
            folds=self.folds,
            replicates=self.replicates,
            chosen_by=method.chosen_by,
            searched=method.searched,
            state=run.state,
            reason=run.reason,
            init_digest=run.init_digest,
            batches_digest=run.batches_digest,
            samples=run.samples,
            selected=run.selected,
            validation=run.validation,
            scores=run.scores,
            audit=run.audit,
            environment=self.environments[run.environment],
            started=run.started,
            finished=run.finished,
        )


def fold_ids(runs: tuple[PublishedRun, ...], seed: int) -> tuple[str, ...]:
    """Ids of a replicate's runs, in fold order."""
    folds = {run.fold: run.id for run in runs if run.seed == seed}
    return tuple(folds[fold] for fold in sorted(folds))
