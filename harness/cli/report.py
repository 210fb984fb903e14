"""`bench report`: one self-contained HTML page on a leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    PluginOption,
    ScoredBoardOptions,
    grouped,
)

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.registry import Registry


@grouped
def report(
    of: ScoredBoardOptions,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "report.html"
    ),
    plugin: PluginOption = None,
) -> None:
    """Write one HTML page: leaderboard, charts, and what each method's embedding looks like.

    The page needs no server and no network. Images, class names and attributes come from the
    dataset, if it is installed.
    """
    from harness.figures import load_sources
    from harness.registry import load_registry
    from harness.report import make_report

    registry = load_registry(plugin or ())
    about = {name: _sentence(registry, name) for name in registry.methods}
    with of.open() as opened:
        sources = load_sources(opened, select=of.select, aggregate=of.aggregate)
        images = dataset_or_reason(registry, sources.board.dataset)
        page = make_report(getattr(opened, "store", None), sources, images, about)
    write_output(output, page.encode())
    count = len(sources.entries)
    methods = "1 method" if count == 1 else f"{count} methods"
    typer.echo(f"{output}: {methods}, {output.stat().st_size / 1e6:.1f} MB")


def dataset_or_reason(registry: Registry, name: str) -> Dataset | str:
    """The dataset, or the sentence why it cannot be had: a plot does without its images."""
    from harness.data.loading import load_dataset
    from harness.errors import UserError

    try:
        return load_dataset(registry, name)
    except UserError as error:
        return str(error)


def write_output(path: Path, content: bytes) -> None:
    """Write what a command was asked for; UserError where that cannot be."""
    from harness.errors import UserError
    from harness.writing import write_whole

    try:
        write_whole(path, content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def _sentence(registry: Registry, name: str) -> str:
    method = registry.methods[name].method
    return f"{method.summary} ({method.reference})" if method.reference else method.summary
