"""Which runs are one row, and which can share a board: every fact that decides, declared once.

A further field of `Identity` is a line of `IDENTITY`; a test fails until it stands there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, TypeVar

from harness.record import Record
from harness.store.excerpts import CommonFacts, Excerpt

Rule = Literal["refuses", "splits", "averaged", "noted"]


@dataclass(frozen=True)
class Fact:
    """What a difference in a fact means, and what people call the fact.

    refuses: such runs never share a board. splits: they are of different rows. averaged: they are
    replicates, or parts of one. noted: they share a row, and the board may say so.
    """

    rule: Rule
    words: str


IDENTITY: Mapping[str, Fact] = {
    "protocol": Fact("refuses", "protocol"),
    "protocol_digest": Fact("refuses", "protocol digest"),
    "unlocked": Fact("refuses", "unlocked values"),
    "dataset": Fact("refuses", "dataset"),
    "dataset_digest": Fact("refuses", "dataset digest"),
    "training_semantics": Fact("refuses", "training semantics"),
    "trunk": Fact("refuses", "trunk"),
    "trial": Fact("refuses", "trial of a search"),
    "method": Fact("splits", "method"),
    "distribution": Fact("splits", "distribution"),
    "version": Fact("splits", "version"),
    "source": Fact("splits", "source"),
    "libraries": Fact("splits", "libraries"),
    # Where a search chose them they are averaged over: `searched` below.
    "hyperparameters": Fact("splits", "hyperparameters"),
    "seed": Fact("averaged", "seed"),
    "fold": Fact("averaged", "fold"),
    "search": Fact("averaged", "search"),
}
RECORD: Mapping[str, Fact] = {
    "folds": Fact("refuses", "number of folds"),
    "scoring": Fact("refuses", "scoring semantics"),
    "declared": Fact("splits", "declaration"),
    "searched": Fact("averaged", "search"),
    "chosen_by": Fact("noted", "origin of hyperparameters"),
    "replicates": Fact("noted", "replicates asked for"),
    "looks": Fact("noted", "declared looks"),
    "samples": Fact("noted", "samples reached"),
    "parameters": Fact("noted", "parameters"),
    "metrics": Fact("noted", "metrics"),
    "class_means": Fact("noted", "metrics"),
    "told": Fact("noted", "what plugins say of their metrics"),
}
TOGETHER = "together"
"""How many runs were trained together in one process; runs that were alone do not say."""
ENVIRONMENT: Mapping[str, Fact] = {
    "pytorch-metric-learning": Fact("splits", "pytorch-metric-learning"),
    "device": Fact("noted", "device"),
    "gpu": Fact("noted", "GPU"),
    "cpu": Fact("noted", "processor"),
    "vectors": Fact("noted", "vector instructions"),
    "threads": Fact("noted", "threads"),
    TOGETHER: Fact("noted", "number of runs trained together"),
    "platform": Fact("noted", "platform"),
    "torch": Fact("noted", "torch"),
    "cuda": Fact("noted", "CUDA"),
    "numpy": Fact("noted", "numpy"),
    "faiss-cpu": Fact("noted", "faiss"),
    "scikit-learn": Fact("noted", "scikit-learn"),
}
"""Of a run's environment; what does not stand here is neither compared nor said."""

SEARCHED = "searched"
MethodKey = tuple[str, str]
"""Of `method_key`."""
_NOT_VERSION = {"method", "hyperparameters"}

Key = TypeVar("Key", bound=Hashable)
Getter = Callable[[CommonFacts], Any]


def facts_of(*rules: Rule) -> list[tuple[str, str, Getter]]:
    """Name, words and getter of every fact of these rules that runs of one CommonFacts share."""
    getters: tuple[tuple[Mapping[str, Fact], Callable[[str], Getter]], ...] = (
        (IDENTITY, lambda name: attrgetter(f"identity.{name}")),
        (RECORD, attrgetter),
        (ENVIRONMENT, _of_environment),
    )
    return [
        (name, fact.words, getter(name))
        for facts, getter in getters
        for name, fact in facts.items()
        if fact.rule in rules and name != "trial"  # trials never come this far
    ]


def _of_environment(name: str) -> Getter:
    if ENVIRONMENT[name].rule != "splits":
        return lambda common: common.environment.get(name)
    # Where a run's identity names the libraries that its method computes with, that decides.
    return lambda common: None if common.identity.libraries else common.environment.get(name)


def row_key(common: CommonFacts) -> tuple[Hashable, ...]:
    """What makes runs one row; those of all that a search found are one."""
    return (method_key(common), *version_key(common))


def method_key(run: CommonFacts | Record) -> MethodKey:
    """A row whatever its version: the method, and its point or that a search chose it."""
    identity = run.identity
    if run.searched is not None or run.chosen_by == "search":
        return identity.method, SEARCHED
    return identity.method, json.dumps(identity.hyperparameters, sort_keys=True)


def by_method(records: Iterable[Record]) -> dict[MethodKey, list[Record]]:
    """The Records of each row, whatever its version; rows and Records keep their order."""
    found: dict[MethodKey, list[Record]] = {}
    for record in records:
        found.setdefault(method_key(record), []).append(record)
    return found


def version_key(common: CommonFacts) -> tuple[Hashable, ...]:
    """What tells versions of one method apart."""
    return tuple(as_text(get(common)) for name, _, get in _SPLITTING if name not in _NOT_VERSION)


def as_text(value: Any) -> str:
    """A fact's value as people read and write it."""
    if value is None:
        return "unknown"
    if value == "":
        return "core"  # a trunk of no plugin
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, tuple):
        return ", ".join(map(as_text, value)) if value else "none"
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return str(value.model_dump_json())


_SPLITTING = facts_of("splits")


def grouped(runs: Iterable[Excerpt], key: Callable[[CommonFacts], Key]) -> dict[Key, list[Excerpt]]:
    """The runs by `key`, asked once for each CommonFacts; groups and runs keep their order."""
    groups: dict[Key, list[Excerpt]] = {}
    places: dict[int, list[Excerpt]] = {}
    for run in runs:
        place = places.get(id(run.common))
        if place is None:
            place = places[id(run.common)] = groups.setdefault(key(run.common), [])
        place.append(run)
    return groups


def commons(runs: Iterable[Excerpt]) -> list[CommonFacts]:
    """Every CommonFacts of the runs once, in their order."""
    return list({id(run.common): run.common for run in runs}.values())


def is_trial(record: Record) -> bool:
    """Whether a Record is of a search's trial, which no board shows."""
    return record.identity.trial is not None
