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
from harness.cli.saying import tell, write
from harness.errors import NotComparable, UserError
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from harness.gate.report import GateReport

SUMMARY = "GITHUB_STEP_SUMMARY"
Policy = Literal["pass", "fail"]


@grouped
def gate(  # noqa: PLR0913 - one argument an option
    *,
    baseline: Annotated[
        Path | None,
        typer.Option(help="A published leaderboard, results/....json, or a store."),
    ] = None,
    only: OnlyOption = None,
    store: StoreOption = DEFAULT_STORE,
    candidate: Annotated[
        Path | None,
        typer.Option(help="A published leaderboard in place of --store."),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(help="Of the baseline, by commas; by default all."),
    ] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(help="A model's embeddings, in place of runs."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="The embeddings they are compared with."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="One class label for each of them; without it in the file of --embeddings."
        ),
    ] = None,
    gallery: Annotated[
        list[Path] | None,
        typer.Option(
            help="What --embeddings search; else each other; may be repeated: each is searched "
            "alone, and has lines of its own."
        ),
    ] = None,
    against_gallery: Annotated[
        list[Path] | None,
        typer.Option(help="What --against search, one for each --gallery."),
    ] = None,
    gallery_labels: Annotated[
        list[Path] | None,
        typer.Option(help="The galleries' labels; without it in the files of --gallery."),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(
            help="Columns of the labels' files such as camera, with commas, as bench score has it."
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
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML there too.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown there too.")] = None,
) -> None:
    """Hold a store, a published leaderboard or embeddings against a baseline.

    Exit codes: 0 pass, 1 regression, 2 usage, 3 nothing measured or not comparable, 4 runs
    failed, 5 inconclusive. On GitHub the step's summary is written too.
    """
    from harness.cli.paired import ComparisonTerms, compared, galleries_of, pair_of
    from harness.gate.metrics import gated_metrics, parse_margin

    for text in margin or ():
        parse_margin(text.rpartition("=")[2])  # before anything is read

    try:
        if embeddings is not None:
            report = compared(
                pair_of(
                    embeddings, against, labels, other=baseline or candidate or methods or only
                ),
                galleries_of(gallery or [], against_gallery or [], gallery_labels or []),
                gated_metrics(metric or (), margin or ()),
                read.reading(),
                ComparisonTerms(exclude, distance, seed, inconclusive),
            )
        else:
            if any(one is not None for one in (against, labels, gallery, against_gallery, exclude)):
                raise UserError("--against, --labels, --exclude and galleries need --embeddings")
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


def _of_boards(
    sides: tuple[Path | None, Path],
    methods: list[str],
    wanted: tuple[Sequence[str], Sequence[str]],
    only: Sequence[str] | None,
    inconclusive: Policy,
    *,
    own: RecordedDataOptions,
) -> GateReport:
    from harness.gate.boards import baseline_side, candidate_side, gate_boards
    from harness.gate.metrics import gated_metrics
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
    from harness.gate.report import GateReport

    return GateReport(
        baseline=baseline, candidate=candidate, subject="nothing compared", refusal=refusal
    )


def _print(report: GateReport, format: str) -> None:  # noqa: A002
    from harness.gate.rendering import gate_json, gate_markdown, gate_text

    if format == "text":
        tell(gate_text(report))
    else:
        write(gate_json(report) if format == "json" else gate_markdown(report))


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
