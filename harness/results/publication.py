"""`Publication`: the Records of one protocol and dataset, as they are kept in results/.

As text it is sorted, one line a run, with a digest of all that it says. Any format ever written
is read, and nothing that was changed since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from harness.artifacts import parse_json, read_json
from harness.errors import NotComparable, UserError
from harness.record import (
    Concatenation,
    Count,
    Declared,
    Ended,
    Entered,
    Frozen,
    Identity,
    Record,
    Scores,
    Searched,
)
from harness.results.class_sums import ClassSums
from harness.store.queries import without_collecting

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


class PublishedRun(Ended[int]):
    """One run: what its Record says, less what its method and its board say once for all.

    `environment`, `test_set`: places in the Publication's lists. `class_sums`: by metric, the sum
    of the scores of each class's queries, to four decimals, in the order of the test set.
    """

    id: str
    seed: Count
    fold: Count
    environment: Count
    test_set: Count | None = None
    class_sums: dict[str, tuple[float, ...]] | None = None


class PublishedTrial(PublishedRun):
    """A run of a trial of the search for a row's hyperparameters: it has no test scores.

    `declared`: where the point that was tried changes what the row declares.
    """

    search: int
    trial: int
    hyperparameters: dict[str, float | int | str | bool]
    declared: Declared | None = None


class Joined(Frozen):
    """Scores of the joined embeddings of all folds of one replicate."""

    seed: int
    scores: Scores


class PublishedMethod(Entered):
    """One row of the board: a method's version at one point of its space, and its runs.

    `separated`, `concatenated`: what `bench leaderboard` shows, rounded; it follows from the runs
    and is here for whoever reads the file. `trials`: of the search that chose the point; not
    written where there were none.
    """

    declared: Declared
    chosen_by: Literal["default", "given", "search"]
    searched: Searched | None = None
    separated: Summary
    concatenated: Summary
    runs: Annotated[tuple[PublishedRun, ...], Field(min_length=1)]
    joined: tuple[Joined, ...]
    trials: tuple[PublishedTrial, ...] = Field(default=(), exclude_if=lambda trials: not trials)


class Publication(Frozen):
    """A recorded leaderboard: every run that stands on it, with enough to compare it again.

    `audited`: ids of the runs that were trained again before it was written, drawn at random, and
    came out the same; empty where the audit was turned off, None in files from before. `looks`: the
    declared numbers of replicates at which the board is read, so that all who read it share the
    level alike; not written where there are none.
    """

    format: int = PUBLICATION_FORMAT
    protocol: str
    protocol_digest: str
    dataset: str
    dataset_digest: str
    semantics: Versions
    folds: Annotated[Count, Field(ge=1)]
    replicates: Annotated[Count, Field(ge=1)]
    looks: tuple[int, ...] = Field(default=(), exclude_if=lambda looks: not looks)
    environments: tuple[dict[str, str], ...]
    test_sets: tuple[TestSet, ...]
    audited: tuple[str, ...] | None = None
    methods: Annotated[tuple[PublishedMethod, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _places_listed(self) -> Publication:
        for run in (run for method in self.methods for run in (*method.runs, *method.trials)):
            in_sets = run.test_set is None or run.test_set < len(self.test_sets)
            if not (in_sets and run.environment < len(self.environments)):
                raise ValueError(f"run {run.id!r}: its environment or its test set is not listed")
        return self

    @property
    def measured(self) -> str:
        """When the last of its runs finished, ISO 8601."""
        return max(run.finished for method in self.methods for run in method.runs)

    def identity(self, method: PublishedMethod, run: PublishedRun) -> Identity:
        """What decided the result of one of its runs."""
        facts = of_method(method)
        if isinstance(run, PublishedTrial):
            point = dict(run.hyperparameters)
            facts |= {"hyperparameters": point, "search": run.search, "trial": run.trial}
        return Identity(
            protocol=self.protocol,
            protocol_digest=self.protocol_digest,
            unlocked=(),
            dataset=self.dataset,
            dataset_digest=self.dataset_digest,
            seed=run.seed,
            fold=run.fold,
            training_semantics=self.semantics.training,
            **facts,
        )

    def records(self) -> list[Record]:
        """The Records of all runs, as the store had them, without artifacts and tracebacks."""
        return [self.record(method, run) for method in self.methods for run in method.runs]

    def trials(self) -> list[Record]:
        """The Records of the trials of all searches, in the same way."""
        return [self.record(method, run) for method in self.methods for run in method.trials]

    def concatenations(self) -> list[Concatenation]:
        """The scores of the joined embeddings, by the ids of the runs joined."""
        return [
            Concatenation(run_ids=fold_ids(method.runs, joined.seed), scores=joined.scores)
            for method in self.methods
            for joined in method.joined
        ]

    def class_sums(self, run: PublishedRun | None, metric: str) -> ClassSums | None:
        """The scores of a run by class, rounded as they are kept; None where there are none."""
        sums = None if run is None else (run.class_sums or {}).get(metric)
        if run is None or sums is None or run.test_set is None:
            return None
        test_set = self.test_sets[run.test_set]
        return ClassSums(
            sums=np.array(sums, np.float64),
            counts=np.array(test_set.queries, np.float64),
            classes=np.array(test_set.classes, np.int64),
        )

    def by_id(self) -> dict[str, PublishedRun]:
        """All runs by their ids."""
        return {run.id: run for method in self.methods for run in method.runs}

    def record(self, method: PublishedMethod, run: PublishedRun) -> Record:
        """The Record of one run of a row, as the store had it, without artifact and traceback."""
        tried = run if isinstance(run, PublishedTrial) else None
        return Record(
            identity=self.identity(method, run),
            declared=(tried and tried.declared) or method.declared,
            folds=self.folds,
            replicates=self.replicates,
            looks=self.looks,
            chosen_by="trial" if tried else method.chosen_by,
            searched=None if tried else method.searched,
            **(of_run(run) | {"environment": self.environments[run.environment]}),
        )


def of_method(entered: Entered) -> dict[str, Any]:
    """What an Identity and a PublishedMethod share, by name."""
    return {name: getattr(entered, name) for name in Entered.model_fields}


def of_run(ended: Record | PublishedRun) -> dict[str, Any]:
    """What a Record and a PublishedRun share, by name."""
    return {name: getattr(ended, name) for name in Ended.model_fields}


def fold_ids(runs: tuple[PublishedRun, ...], seed: int) -> tuple[str, ...]:
    """Ids of a replicate's runs, in fold order."""
    folds = {run.fold: run.id for run in runs if run.seed == seed}
    return tuple(folds[fold] for fold in sorted(folds))


DIGEST = "content_digest"

_OPEN = {
    "",
    ".environments",
    ".methods",
    ".methods[]",
    ".methods[].separated",
    ".methods[].concatenated",
    ".methods[].runs",
    ".methods[].joined",
    ".methods[].trials",
}


def document_of(publication: Publication) -> dict[str, Any]:
    """The publication as plain data, its content digest first."""
    # By way of JSON text, which writes what is not finite as a string.
    content: dict[str, Any] = json.loads(publication.model_dump_json())
    for method in content["methods"]:
        for runs in method.keys() & {"runs", "trials"}:
            method[runs] = [_short(run) for run in method[runs]]
    return {DIGEST: content_digest(content), **content}


def _short(run: dict[str, Any]) -> dict[str, Any]:
    """A run, its place first, without what it lacks; counts as the whole numbers that they are."""
    place = {name: run[name] for name in ("id", "seed", "fold")}
    kept = place | {key: value for key, value in run.items() if value is not None}
    if "class_sums" in kept:
        kept["class_sums"] = {
            metric: [int(value) if value == int(value) else value for value in sums]
            for metric, sums in kept["class_sums"].items()
        }
    return kept


def content_digest(document: dict[str, Any]) -> str:
    """The sha256 over the canonical JSON of all but the digest itself."""
    content = {key: value for key, value in document.items() if key != DIGEST}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def publication_text(publication: Publication) -> str:
    """The document as JSON text: what is compared run by run stands line by line."""
    return "".join(_lines(document_of(publication), "", "")) + "\n"


def _lines(value: Any, path: str, indent: str) -> Iterator[str]:
    if path not in _OPEN or not value:
        yield json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return
    inner = indent + " "
    named = isinstance(value, dict)
    yield "{" if named else "["
    for place, item in enumerate(value.items() if named else value):
        yield f"{',' if place else ''}\n{inner}"
        if named:
            yield f"{json.dumps(item[0], ensure_ascii=False)}: "
            yield from _lines(item[1], f"{path}.{item[0]}", inner)
        else:
            yield from _lines(item, f"{path}[]", inner)
    yield f"\n{indent}{'}' if named else ']'}"


def load_publication(path: Path) -> Publication:
    """Load a published leaderboard; UserError where there is none, NotComparable if tampered."""
    with without_collecting():
        return _untouched(read_json(path, maker="bench publish"), str(path))


def parse_publication(text: str, where: str) -> Publication:
    """Parse a publication; `where` names it in errors, those of `load_publication`."""
    with without_collecting():
        return _untouched(parse_json(text, where), where)


def _untouched(document: Any, where: str) -> Publication:
    if is_publication(document) and not is_untouched(document):
        raise NotComparable(
            f"{where}: was changed after it was published (its content digest differs)"
        )
    publication = publication_of(document, where)
    from harness.results.consistency import first_contradiction

    if found := first_contradiction(publication):
        raise NotComparable(
            f"{where}: contradicts itself: {found} (`bench verify` lists all that does not hold)"
        )
    return publication


def publication_of(document: Any, where: str) -> Publication:
    """The publication that parsed JSON holds, whether or not its content digest is right."""
    if not is_publication(document):
        corrected = isinstance(document, dict) and "courses" in document
        cure = (
            f"`bench correct --read {where}` shows it"
            if corrected
            else "`bench publish` writes one"
        )
        raise UserError(f"{where}: is no published leaderboard ({cure})")
    number = document["format"]
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UserError(f"{where}: its format is {number!r}, which is no format of a publication")
    if number > PUBLICATION_FORMAT:
        raise UserError(
            f"{where}: has format {number}, this version reads up to {PUBLICATION_FORMAT}; "
            "upgrade metric-learning-bench"
        )
    try:
        return Publication.model_validate({k: v for k, v in document.items() if k != DIGEST})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{where}: does not parse: {place}: {first['msg']}") from None


def is_untouched(document: dict[str, Any]) -> bool:
    """Whether a publication's content is what its digest was taken of."""
    return bool(content_digest(document) == document[DIGEST])


def is_publication(document: Any) -> bool:
    """Whether parsed JSON looks like a publication of any format."""
    return isinstance(document, dict) and {DIGEST, "format", "methods"} <= document.keys()
