"""`bench gate`: is what was measured now no worse than what is recorded?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli.options import (
    OnlyOption,
    RecordedDataOptions,
    StoreOption,
    format_option,
    grouped,
)
from harness.errors import NotComparable, UserError
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from harness.gate import GatedMetric, GateReport
    from harness.reading import Embeddings, Labels, Reading

SUMMARY = "GITHUB_STEP_SUMMARY"
Policy = Literal["pass", "fail"]


@grouped
def gate(  # noqa: PLR0913 - one argument an option
    *,
    baseline: Annotated[
        Path | None,
        typer.Option(
            help="A published leaderboard, results/....json, or a store.", show_default=False
        ),
    ] = None,
    only: OnlyOption = None,
    store: StoreOption = DEFAULT_STORE,
    candidate: Annotated[
        Path | None,
        typer.Option(help="A published leaderboard in place of --store.", show_default=False),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(help="Of the baseline, by commas; by default all.", show_default=False),
    ] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(help="A model's embeddings, in place of runs.", show_default=False),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="The embeddings they are compared with.", show_default=False),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="One class label for each of them; without it in the file of --embeddings.",
            show_default=False,
        ),
    ] = None,
    gallery: Annotated[
        Path | None,
        typer.Option(help="What --embeddings search; else each other.", show_default=False),
    ] = None,
    against_gallery: Annotated[
        Path | None, typer.Option(help="What --against search.", show_default=False)
    ] = None,
    gallery_labels: Annotated[
        Path | None,
        typer.Option(
            help="The galleries' labels; without it in the file of --gallery.", show_default=False
        ),
    ] = None,
    read: RecordedDataOptions,
    distance: Annotated[
        Literal["cosine", "euclidean"], typer.Option(help="Of embeddings: what near means.")
    ] = "cosine",
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap over classes.")] = 0,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="A name or title; NAME:higher or NAME:lower where old Records do not say; may be "
            "repeated.",
            show_default="map_at_r",
        ),
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(
            help="How much worse is allowed: 0.01, 5% of the baseline, or NAME=either of them.",
            show_default="0.01",
        ),
    ] = None,
    inconclusive: Annotated[
        Policy, typer.Option(help="Whether what cannot be told passes, or fails with code 5.")
    ] = "fail",
    format: Annotated[  # noqa: A002 - named as its option
        Literal["text", "json", "md"],
        format_option(("text", "json", "md"), {"table": "text", "markdown": "md"}),
    ] = "text",
    junit: Annotated[
        Path | None, typer.Option(help="Write JUnit XML there too.", show_default=False)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write Markdown there too.", show_default=False)
    ] = None,
) -> None:
    """Hold a store, a published leaderboard or embeddings against a baseline.

    Exit codes: 0 pass, 1 regression, 2 usage, 3 nothing measured or not comparable, 4 runs
    failed, 5 inconclusive. On GitHub the step's summary is written too.
    """
    from harness.gate import gated_metrics
    from harness.gate.metrics import parse_margin

    for text in margin or ():
        parse_margin(text.rpartition("=")[2])  # before anything is read

    try:
        if embeddings is not None:
            report = _of_embeddings(
                _given(embeddings, against, labels, other=baseline or candidate or methods or only),
                gated_metrics(metric or (), margin or ()),
                read.reading(),
                _galleries(gallery, against_gallery, gallery_labels),
                distance=distance,
                seed=seed,
                inconclusive=inconclusive,
            )
        else:
            if any(one is not None for one in (against, labels, gallery, against_gallery)):
                raise UserError("--against, --labels and galleries need --embeddings")
            names = [name.strip() for name in (methods or "").split(",") if name.strip()]
            wanted = metric or (), margin or ()
            report = _of_boards(
                (baseline, candidate or store), names, wanted, only, inconclusive, own=read
            )
    except NotComparable as error:
        report = _refused(str(error), str(baseline or against), str(candidate or store))
        _write(report, junit, markdown)
        if format == "json":
            _print(report, format)
        raise
    _write(report, junit, markdown)
    _print(report, format)
    raise typer.Exit(report.exit_code)


def _given(
    embeddings: Path, against: Path | None, labels: Path | None, *, other: object
) -> tuple[Path, Path, Path]:
    if against is None:
        raise UserError("--embeddings needs --against, and --labels where they hold none")
    if other is not None:
        raise UserError(
            "--embeddings takes the place of --baseline, --candidate, --methods and --only"
        )
    return embeddings, against, labels or embeddings


def _galleries(
    gallery: Path | None, against: Path | None, labels: Path | None
) -> tuple[Path, Path, Path] | None:
    if gallery is None and against is None and labels is None:
        return None
    if gallery is None or against is None:
        raise UserError("a gallery is one for each model: --gallery and --against-gallery")
    return gallery, against, labels or gallery


def _of_embeddings(  # noqa: PLR0913 - what is compared, and how
    files: tuple[Path, Path, Path],
    metrics: list[GatedMetric],
    reading: Reading,
    galleries: tuple[Path, Path, Path] | None,
    *,
    distance: str,
    seed: int,
    inconclusive: Policy,
) -> GateReport:
    from harness.gate import gate_embeddings
    from harness.reading import codes_of

    after, before, classes = _read_pair(files, reading)
    codes = codes_of(classes.values)
    shelves = shelf_codes = None
    if galleries is not None:
        shelf, other, shelved = _read_pair(galleries, reading)
        shelves = shelf.rows, other.rows
        codes = codes_of(classes.values, shelved.values)
        shelf_codes = codes[1]
    return gate_embeddings(
        after.rows,
        before.rows,
        codes[0],
        metrics,
        names=(str(files[0]), str(files[1])),
        galleries=shelves,
        gallery_labels=shelf_codes,
        distance=distance,
        seed=seed,
        inconclusive=inconclusive,
    )


def _read_pair(
    files: tuple[Path, Path, Path], reading: Reading
) -> tuple[Embeddings, Embeddings, Labels]:
    """Two models' embeddings of the same items, and the labels of those that have one."""
    from dataclasses import replace

    from harness.reading import read_embeddings, read_labels

    new, old, labels = files
    after, classes = read_embeddings(new, reading), read_labels(labels, reading)
    before = read_embeddings(old, reading).like(after, old)
    for note in dict.fromkeys((*after.notes, *before.notes, *classes.notes)):
        typer.echo(f"bench: {note}", err=True)
    _require_same_items(old, labels, classes, reading)
    return (
        replace(after, rows=classes.of(after.rows, new, labels)),
        replace(before, rows=classes.of(before.rows, old, labels)),
        classes,
    )


def _require_same_items(old: Path, labels: Path, classes: Labels, reading: Reading) -> None:
    """NotComparable where the other model's file has labels too, and they are others."""
    import numpy as np

    from harness.reading import open_source
    from harness.reading.labels import label_column, settled

    source = open_source(old, reading)
    if old == labels or len(source.names) < 2:
        return
    try:
        name = label_column(source, reading)
    except UserError:
        return  # which column has them is not plain, and was not asked
    if name is None:
        return
    theirs = settled(source.column(name), f"{old}: column {name}", reading).values.astype(np.str_)
    ours = classes.values.astype(np.str_)
    if len(theirs) == len(ours) and (theirs != ours).any():
        row = int(np.argmax(theirs != ours))
        raise NotComparable(
            f"{old}: its labels are not those of {labels} (the first: row {row + 1}, "
            f"'{theirs[row]}' and '{ours[row]}'): the rows are not of the same items"
        )


def _of_boards(
    sides: tuple[Path | None, Path],
    methods: list[str],
    wanted: tuple[Sequence[str], Sequence[str]],
    only: Sequence[str] | None,
    inconclusive: Policy,
    *,
    own: RecordedDataOptions,
) -> GateReport:
    from harness.gate import baseline_side, candidate_side, gate_boards, gated_metrics
    from harness.results import Selector, open_source

    baseline, candidate = sides
    if baseline is None:
        raise UserError(
            "gate needs --baseline results/....json, or --embeddings, --against and --labels"
        )
    with open_source(baseline) as opened:
        select = own.selecting(Selector.parse(only=only or ()), opened)
        recorded = baseline_side(opened, select)
    metrics = gated_metrics(*wanted, recorded.records)
    with open_source(candidate) as opened:
        found = candidate_side(opened, recorded)
    return gate_boards(recorded, found, metrics, methods=methods, inconclusive=inconclusive)


def _refused(refusal: str, baseline: str, candidate: str) -> GateReport:
    from harness.gate import GateReport

    return GateReport(
        baseline=baseline, candidate=candidate, subject="nothing compared", refusal=refusal
    )


def _print(report: GateReport, format: str) -> None:  # noqa: A002
    from harness.gate.rendering import gate_json, gate_markdown, gate_text

    written = {"text": gate_text, "json": gate_json, "md": gate_markdown}[format](report)
    typer.echo(written, nl=False)


def _write(report: GateReport, junit: Path | None, markdown: Path | None) -> None:
    """Write the files that CI reads, whatever the verdict is."""
    from harness.gate.rendering import gate_junit, gate_markdown

    summary = os.environ.get(SUMMARY)
    try:
        for path, written in ((junit, gate_junit), (markdown, gate_markdown)):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(written(report), encoding="utf-8")
        if summary:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(gate_markdown(report) + "\n")
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be written: {error.strerror}") from None
