"""What is shown of each row's embedding: one run of it, looked at beside the others."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from harness.artifacts import Arrays, RunArray, per_query
from harness.data.dataset import Dataset
from harness.errors import UserError
from harness.figures.embedded import (
    DEPTH,
    PER_CLASS,
    Float64,
    HardClass,
    Int64,
    Plane,
    TestPart,
    alike_together,
    as_compared,
    asked_samples,
    balanced_subsample,
    class_correlation,
    class_means,
    class_scores,
    even_queries,
    hardest,
    nearest,
    place_test,
    planes,
    precision_at,
    shown_classes,
)
from harness.figures.sources import Entry, Sources, read_arrays
from harness.metrics import RANKED_BY
from harness.record import Record
from harness.store import Store


@dataclass(frozen=True, kw_only=True, eq=False)
class Common:
    """What all runs are looked at by.

    `labels`: of the test part, int64 (N,), 0..classes-1; `positions`: in the dataset, None where
    the first run does not say. `asked`: samples whose neighbours are looked for, ascending.
    `points`: samples on the map, None for no map.
    """

    labels: Int64
    positions: Int64 | None = None
    asked: Int64
    points: Int64 | None
    distance: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What was seen. `neighbours`: int64 (asked, depth). `scores`: by class, NaN if unknown."""

    record: Record
    planes: Mapping[str, Plane]
    neighbours: Int64
    means: Float64
    scores: Float64


def look_at(found: tuple[Record, Arrays] | str, common: Common) -> Look | str:
    """Look at one run; the sentence why not where that cannot be."""
    if isinstance(found, str):
        return found
    record, arrays = found
    embeddings = arrays[RunArray.TEST_EMBEDDINGS].astype(np.float32)
    if not _same_samples(arrays, common):
        return "it was tested on other samples than the first method of the board"
    if len(embeddings) != len(common.labels) or not np.isfinite(embeddings).all():
        return "its embeddings are not one finite row a sample"
    shown = (
        None if common.points is None else as_compared(embeddings[common.points], common.distance)
    )
    return Look(
        record=record,
        planes={} if shown is None else planes(shown),
        neighbours=nearest(embeddings, common.asked, distance=common.distance),
        means=class_means(embeddings, common.labels),
        scores=_scores(arrays, common.labels),
    )


def counted(labels: Int64) -> Int64:
    """Labels counted from 0: those of a Record may be the dataset's own, of which some lack."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _same_samples(arrays: Arrays, common: Common) -> bool:
    positions = arrays.get(RunArray.TEST_POSITIONS)
    if positions is not None and common.positions is not None:
        return np.array_equal(positions, common.positions)
    return np.array_equal(counted(arrays[RunArray.TEST_LABELS]), common.labels)


def _scores(arrays: Arrays, labels: Int64) -> Float64:
    queries, scores = arrays.get(RunArray.QUERIES), arrays.get(per_query(RANKED_BY))
    classes = int(labels.max()) + 1
    if queries is None or scores is None:
        return np.full(classes, np.nan)
    return class_scores(scores, labels[queries], classes)


SHEET = 8  # neighbours on a contact sheet, and those asked about hard classes
MANY = 20  # methods from which on each gets a smaller share of the page and of the time


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One run's embedding.

    `planes`: by projection, the shared points on a plane. `sheet`: int64 (queries, SHEET).
    `precision`: at each of the shared depths. `correlation`: of the shared classes, in order.
    """

    record: Record
    planes: Mapping[str, Plane]
    sheet: Int64
    precision: Sequence[float]
    correlation: Float64
    hardest: Sequence[HardClass]


@dataclass(frozen=True, kw_only=True, eq=False)
class Panels:
    """The panels of all methods and what they share, so that they can be compared.

    `of`: by row label a Panel, or the sentence why there is none. `points`, `queries`: positions
    in the test part. `asked`: how many samples neighbours were looked for. `classes`: those of
    the correlation, alike ones together.
    """

    test: TestPart
    points: Int64
    queries: Sequence[int]
    asked: int
    depths: Sequence[int]
    distance: str
    classes: Int64
    of: Mapping[str, Panel | str]


def make_panels(
    store: Store | None, sources: Sources, dataset: Dataset | str, *, maps: bool = True
) -> Panels | str:
    """Look at one run of every entry; a sentence if no run left arrays.

    `dataset` gives images, names and attributes; it is a sentence where it cannot be had.
    Without `maps` there are no planes, which take the most time.
    """
    read = {entry.label: read_arrays(store, entry) for entry in sources.entries}
    first = next((found for found in read.values() if not isinstance(found, str)), None)
    if first is None:
        return "no run left arrays to look at"
    labels, positions = (
        counted(first[1][RunArray.TEST_LABELS]),
        first[1].get(RunArray.TEST_POSITIONS),
    )
    many = len(read) > MANY
    points = balanced_subsample(
        labels, classes=25 if many else 40, per_class=12 if many else PER_CLASS
    )
    queries = even_queries(labels, 6 if many else 8)
    common = Common(
        labels=labels,
        positions=positions,
        asked=asked_samples(labels, queries, limit=2000 if many else 5000),
        points=points if maps else None,
        distance=_distance(first[0]),
    )
    # Threads: faiss and t-SNE, which take nearly all of the time, let others run meanwhile.
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as threads:
        seen = threads.map(partial(look_at, common=common), read.values())
        looks = dict(zip(read, seen, strict=True))
    test = place_test(labels, dataset, sources.board.dataset_digest, positions)
    classes, of = _finish(looks, test, common.asked, queries)
    return Panels(
        test=test,
        points=points,
        queries=queries,
        asked=len(common.asked),
        depths=_depths(labels),
        distance=common.distance,
        classes=classes,
        of=of,
    )


def make_panel(
    store: Store | None, sources: Sources, entry: Entry, dataset: Dataset | str
) -> tuple[Panels, Panel]:
    """One entry looked at alone; UserError if that cannot be."""
    panels = make_panels(store, Sources(board=sources.board, entries=(entry,)), dataset)
    panel = panels if isinstance(panels, str) else panels.of[entry.label]
    if isinstance(panels, str) or isinstance(panel, str):
        raise UserError(f"{entry.label}: {panel}")
    return panels, panel


def _distance(record: Record) -> str:
    """The protocol's distance; cosine where the protocol is not at hand."""
    from harness.rescoring.rescore import RuleBook

    try:
        return RuleBook().rule(record).distance
    except UserError:
        return "cosine"


def _depths(labels: Int64) -> range:
    return range(1, min(DEPTH, len(labels) - 1) + 1)


def _finish(
    looks: Mapping[str, Look | str], test: TestPart, asked: Int64, queries: Sequence[int]
) -> tuple[Int64, dict[str, Panel | str]]:
    """What needs all looks: which classes are shown, in which order, and so the panels."""
    seen = {label: look for label, look in looks.items() if isinstance(look, Look)}
    if not seen:
        return np.arange(0), {label: str(reason) for label, reason in looks.items()}
    chosen = shown_classes([look.scores for look in seen.values()])
    matrices = {label: class_correlation(look.means[chosen]) for label, look in seen.items()}
    order = alike_together(list(matrices.values()))
    of: dict[str, Panel | str] = {
        label: look if isinstance(look, str) else "" for label, look in looks.items()
    }
    sheets = np.searchsorted(asked, queries)
    for label, look in seen.items():
        of[label] = Panel(
            record=look.record,
            planes=look.planes,
            sheet=look.neighbours[sheets][:, :SHEET],
            precision=precision_at(look.neighbours, asked, test.labels, _depths(test.labels)),
            correlation=matrices[label][np.ix_(order, order)],
            hardest=hardest(look.scores, _found(look.neighbours[:, :SHEET], asked, test)),
        )
    return chosen[order], of


def _found(neighbours: Int64, asked: Int64, test: TestPart) -> list[Int64]:
    """By class, the labels of the neighbours of its samples."""
    found = test.labels[neighbours]
    own = test.labels[asked]
    return [found[own == label].ravel() for label in range(test.classes)]
