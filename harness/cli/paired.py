"""The files of `bench gate --embeddings`: two models' embeddings of the same items."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.cli.saying import say
from harness.cli.searching import values_of
from harness.errors import NotComparable, UserError

if TYPE_CHECKING:
    from harness.gate.metrics import GatedMetric
    from harness.gate.report import GateReport, Policy
    from harness.reading import Embeddings, Labels, Reading


@dataclass(frozen=True)
class PairedFiles:
    """The files of the new model, of the old one, and of the labels of both."""

    new: Path
    old: Path
    labels: Path


@dataclass(frozen=True)
class ComparisonTerms:
    """How embeddings are compared: see `bench gate`."""

    exclude: str | None
    distance: Literal["cosine", "euclidean"]
    seed: int
    inconclusive: Policy


def pair_of(
    embeddings: Path, against: Path | None, labels: Path | None, *, other: object
) -> PairedFiles:
    """The queries' files; UserError where one is lacking, or boards are asked for too."""
    if against is None:
        raise UserError("--embeddings needs --against, and --labels where they hold none")
    if other is not None:
        raise UserError(
            "--embeddings takes the place of --baseline, --candidate, --methods and --only"
        )
    return PairedFiles(embeddings, against, labels or embeddings)


def galleries_of(gallery: list[Path], against: list[Path], labels: list[Path]) -> list[PairedFiles]:
    """The galleries' files, in the order that they are named in; UserError for a part of one."""
    if len(gallery) != len(against):
        raise UserError(
            "a gallery is one for each model: as many of --gallery and --against-gallery, not "
            f"{len(gallery)} and {len(against)}"
        )
    if labels and len(labels) != len(gallery):
        raise UserError(f"{len(gallery)} galleries and {len(labels)} files of their labels")
    names = [file.name for file in gallery]
    if len(set(names)) < len(names):
        raise UserError("galleries are told apart by their files' names: two are of one name")
    return [PairedFiles(*files) for files in zip(gallery, against, labels or gallery, strict=True)]


def compared(
    files: PairedFiles,
    galleries: list[PairedFiles],
    metrics: list[GatedMetric],
    reading: Reading,
    terms: ComparisonTerms,
) -> GateReport:
    """Read all files and hold the new model against the old one."""
    from harness.gate.embeddings import Shelf, gate_embeddings
    from harness.reading import codes_of

    after, before, classes = _read(files, reading)
    read = [_read(shelf, reading) for shelf in galleries]
    codes, *shelved = codes_of(classes.values, *(found[2].values for found in read))
    shelves = [
        Shelf(
            new.rows,
            old.rows,
            labels,
            values_of(terms.exclude, shelf.labels, found, reading),
            name=shelf.new.name if len(galleries) > 1 else "",
        )
        for shelf, labels, (new, old, found) in zip(galleries, shelved, read, strict=True)
    ]
    return gate_embeddings(
        after.rows,
        before.rows,
        codes,
        metrics,
        names=(str(files.new), str(files.old)),
        galleries=shelves,
        exclude=values_of(terms.exclude, files.labels, classes, reading),
        distance=terms.distance,
        seed=terms.seed,
        inconclusive=terms.inconclusive,
    )


def _read(files: PairedFiles, reading: Reading) -> tuple[Embeddings, Embeddings, Labels]:
    """Both models' embeddings, and the labels of the items that have one."""
    from harness.reading import other_labels, other_rows, read_embeddings, read_labels

    after, classes = read_embeddings(files.new, reading), read_labels(files.labels, reading)
    before = read_embeddings(files.old, reading).like(after, files.old)
    for note in dict.fromkeys((*after.notes, *before.notes, *classes.notes)):
        say(f"bench: {note}", err=True)
    pairs = ((files.new, files.labels), (files.old, files.labels), (files.new, files.old))
    for one, other in pairs:
        others = other_rows(one, other, reading)
        if others is not None:
            raise NotComparable(others)
    others = other_labels(files.old, files.labels, classes, reading)
    if others is not None:
        raise NotComparable(f"{others}: the rows are not of the same items")
    return (
        replace(after, rows=classes.of(after.rows, files.new, files.labels)),
        replace(before, rows=classes.of(before.rows, files.old, files.labels)),
        classes,
    )
