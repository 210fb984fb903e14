"""Recorded runs asked about variables: their stored embeddings, and the dataset's attributes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from harness.data import numpy_stream, stream_seed
from harness.data.dataset import Attribute, Dataset, coded
from harness.errors import UserError, unknown
from harness.figures.sources import Entry, Sources, require_dataset, store_of, test_part
from harness.record import Record
from harness.rescoring.rescore import RuleBook
from harness.results.source import Source
from harness.scoring.inputs import Distance
from harness.store import Store
from harness.variables.controls import dealt
from harness.variables.measuring import MEASURES, RETRIEVED, Embedded, Sums, Variable
from harness.variables.results import Found, Saliency, SaliencyRow, with_p_values

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

CLASS, TOGETHER = "class", "(mean)"
"""The label set that every dataset has, and the mean over it and all variables asked for."""
GROUPS = 20
"""Groups of classes that the jackknife leaves out at most."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked: which variables (none: all), which of them are ordered, and how surely.

    `samples`: at most so many test samples, drawn with the seed. UserError where out of range.
    """

    variables: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    permutations: int = 99
    samples: int = 4000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.permutations < 0 or self.permutations == 1:
            raise UserError(f"--permutations must be 0 or above 1, not {self.permutations}")
        if self.samples < 4:
            raise UserError(f"--samples must be 4 or more, not {self.samples}")


@dataclass(frozen=True, eq=False)
class _Asked:
    """A variable as the dataset has it: codes of all samples, -1 where unknown, and numbers."""

    name: str
    codes: Int64
    numbers: Floats | None


def saliency(
    source: Source, sources: Sources, data: Dataset, *, rules: RuleBook, wanted: Wanted
) -> Saliency:
    """Measure what every method's stored embeddings hold of the dataset's variables.

    UserError for a published file, where the dataset has no such variable, or one with a single
    value, where there is no complete replicate, or runs left no embeddings; NotComparable for
    another dataset.
    """
    store, board = store_of(source), sources.board
    require_dataset(board, data)
    asked, notes = _asked(data, wanted)
    entries = [entry for entry in sources.entries if entry.row.run_ids]
    if not entries:
        raise UserError(f"store {store.path}: holds no complete replicate of {board.protocol}")
    reader = _Reader(store, rules, wanted)
    rows = [row for entry in entries for row in _rows(entry, reader, asked)]
    labels = reader.samples(next(iter(entries[0].complete.values()))[0])[1]
    for one in asked:
        own = [row for row in rows if row.variable == one.name]
        if not own:
            notes.append(f"{one.name}: one value in the test part: nothing to measure")
        elif not any("p1_lost" in row.found for row in own):
            notes.append(f"{one.name}: the same for all of a class: it disturbs no pair")
    return Saliency(
        protocol=board.protocol,
        dataset=board.dataset,
        classes=len(np.unique(labels)),
        samples=len(labels),
        rows=with_p_values(rows),
        notes=notes,
    )


def _asked(data: Dataset, wanted: Wanted) -> tuple[list[_Asked], list[str]]:
    """The variables asked for, and what is said of those left out."""
    names = list(data.attributes)
    if not names:
        raise UserError(f"dataset {data.name}: has no attributes; `NAME+rotation` has one")
    for name in (*wanted.variables, *wanted.ordered):
        if name not in names:
            raise unknown("attribute", name, names, where=f"dataset {data.name}")
    found, notes = [], []
    for name in wanted.variables or names:
        one = _variable(name, data.attributes[name], ordered=name in wanted.ordered)
        values = np.unique(one.codes[one.codes >= 0])
        if len(values) > 1:
            found.append(one)
        elif name in wanted.variables:
            raise UserError(f"dataset {data.name}: {name} has one value: nothing to tell apart")
        else:
            notes.append(f"{name}: one value: left out")
    if not found:
        raise UserError(f"dataset {data.name}: no attribute has two values ({', '.join(names)})")
    return found, notes


def _variable(name: str, attribute: Attribute, *, ordered: bool) -> _Asked:
    """Values that are all numbers are ordered by themselves; others if a person says so."""
    found = coded(attribute)
    return _Asked(name, found.codes, found.positions() if ordered else found.numbers)


def _rows(entry: Entry, reader: _Reader, asked: Sequence[_Asked]) -> list[SaliencyRow]:
    runs = [run for folds in entry.complete.values() for run in folds]
    measured: dict[str, list[dict[str, Found]]] = {}
    for run in runs:
        for name, found in reader.measured(run, asked):
            measured.setdefault(name, []).append(found)
    values = {one.name: len(np.unique(one.codes[one.codes >= 0])) for one in asked}
    rows = [
        SaliencyRow(
            method=entry.label,
            variable=name,
            values=values.get(name),
            runs=len(runs),
            found=_mean(measured[name]),
        )
        for name in (*values, CLASS)
        if name in measured
    ]
    return [*rows, _together(rows)]


def _together(rows: Sequence[SaliencyRow]) -> SaliencyRow:
    """The mean over label sets of what retrieval by each scores; without intervals."""
    nothing = np.empty(0)
    found = {
        name: Found(
            value=float(np.mean([row.found[name].value for row in rows if name in row.found])),
            left_out=nothing,
            controls=nothing,
        )
        for name in RETRIEVED
    }
    return replace(rows[0], variable=TOGETHER, values=None, found=found)


def _mean(runs: Sequence[dict[str, Found]]) -> dict[str, Found]:
    """Over runs, of the measures that all of them have."""
    names = [name for name in MEASURES if all(name in run for run in runs)]
    return {
        name: Found(
            value=float(np.mean([run[name].value for run in runs])),
            left_out=np.mean([run[name].left_out for run in runs], axis=0),
            controls=np.mean([run[name].controls for run in runs], axis=0),
        )
        for name in names
    }


class _Reader:
    """Reads the test part that a run left, and measures it."""

    def __init__(self, store: Store, rules: RuleBook, wanted: Wanted) -> None:
        self._store = store
        self._rules = rules
        self._wanted = wanted

    def samples(self, run: Record) -> tuple[npt.NDArray[np.floating], Int64, Int64]:
        """Embeddings, labels and positions of the test samples that count, by position."""
        embeddings, labels, positions = test_part(self._store, run)
        if len(labels) <= self._wanted.samples:
            return embeddings, labels, positions
        draw = numpy_stream(self._wanted.seed, "samples that count")
        drawn = np.sort(draw.choice(len(labels), self._wanted.samples, replace=False))
        return embeddings[drawn], labels[drawn], positions[drawn]

    def measured(
        self, run: Record, asked: Sequence[_Asked]
    ) -> Iterator[tuple[str, dict[str, Found]]]:
        """What a run's embedding holds of each variable that has two values in its test part."""
        embeddings, labels, positions = self.samples(run)
        distance = self._rules.rule(run).distance
        ready: dict[bytes, Embedded] = {}
        yield CLASS, self._retrieved(self._embedded(embeddings, labels, distance), labels)
        for one in asked:
            codes = one.codes[positions]
            known = codes >= 0
            classes = labels[known]
            if len(np.unique(codes[known])) < 2 or len(np.unique(classes)) < 2:
                continue
            if known.tobytes() not in ready:
                ready[known.tobytes()] = self._embedded(embeddings[known], classes, distance)
            tested = ready[known.tobytes()]
            yield one.name, self._found(tested, classes, Variable(codes=codes[known],
                                                                  numbers=one.numbers))  # fmt: skip

    def _embedded(
        self, embeddings: npt.NDArray[np.floating], classes: Int64, distance: Distance
    ) -> Embedded:
        return Embedded(
            embeddings,
            classes,
            _groups(classes, self._wanted.seed),
            distance=distance,
            seed=stream_seed(self._wanted.seed, "variables") % 2**32,
        )

    @staticmethod
    def _retrieved(tested: Embedded, codes: Int64) -> dict[str, Found]:
        return {name: _one(sums, ()) for name, sums in tested.retrieved(codes).items()}

    def _found(self, tested: Embedded, labels: Int64, variable: Variable) -> dict[str, Found]:
        sums = {**tested.carried(variable), **tested.disturbed(variable)}
        controls: dict[str, list[float]] = {name: [] for name in sums}
        for number in range(self._wanted.permutations):
            for how, measure in (
                ("over classes", tested.carried),
                ("within classes", tested.disturbed),
            ):
                order = dealt(labels, how, seed=self._wanted.seed, number=number)
                for name, found in measure(variable.take(order)).items():
                    controls[name].append(found.whole())
        told = {name: _one(found, controls[name]) for name, found in sums.items()}
        return {**told, **self._retrieved(tested, variable.codes)}


def _one(sums: Sums, controls: Sequence[float]) -> Found:
    return Found(value=sums.whole(), left_out=sums.without_each(), controls=np.array(controls))


def _groups(labels: Int64, seed: int) -> Int64:
    """Classes dealt out to groups of about one size, the same ones whatever embedded them."""
    classes, codes = np.unique(labels, return_inverse=True)
    order = numpy_stream(seed, "groups of classes").permutation(len(classes))
    return np.asarray(order[codes] % min(GROUPS, len(classes)), dtype=np.int64)
