"""`bench report`: one self-contained HTML page on a leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    PluginOption,
    RecordedDataOptions,
    ScoredBoardOptions,
    grouped,
)
from harness.cli.saying import doing, say
from harness.errors import NotComparable, UserError, counted

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.data.own import Brought
    from harness.registry import Registry
    from harness.results import Board


@grouped
def report(
    of: ScoredBoardOptions,
    own: RecordedDataOptions,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "report.html"
    ),
    variables: Annotated[
        Path | None,
        typer.Option(help="Show what `bench variables --format json` printed."),
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Write one HTML page: leaderboard, charts, and what each method's embedding looks like.

    The page needs no server and no network. Images, class names and attributes come from the
    dataset, if it is installed.
    """
    from harness.figures.sources import load_sources
    from harness.registry import load_registry
    from harness.report.page import make_report
    from harness.report.variables import read_matrices

    registry = load_registry(plugin or ())
    about = {name: _sentence(registry, name) for name in registry.methods}
    with doing("drawing the report"), of.open() as opened:
        sources = load_sources(
            opened, select=own.selecting(of.select, opened), aggregate=of.aggregate
        )
        images = dataset_or_reason(registry, sources.board, own.brought)
        carried = [] if variables is None else read_matrices(variables, sources.board)
        page = make_report(getattr(opened, "store", None), sources, images, about, carried)
    write_output(output, page.encode())
    methods = counted(len(sources.entries), "method")
    say(f"{output}: {methods}, {output.stat().st_size / 1e6:.1f} MB")


def dataset_or_reason(registry: Registry, board: Board, brought: Brought | None) -> Dataset | str:
    """The dataset, or the sentence why it cannot be had: a plot does without its images."""
    from harness.data.loading import recorded_dataset

    try:
        return recorded_dataset(registry, board.dataset, board.dataset_digest, brought)
    except NotComparable:
        raise
    except UserError as error:
        return str(error)


def write_output(path: Path, content: bytes) -> None:
    """Write what a command was asked for; UserError where that cannot be."""
    from harness.artifacts import write_whole

    try:
        write_whole(path, content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def _sentence(registry: Registry, name: str) -> str:
    method = registry.methods[name].method
    return f"{method.summary} ({method.reference})" if method.reference else method.summary
