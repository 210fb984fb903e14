"""`bench figure`: the report's plots as files for papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    DirectionOption,
    MetricOption,
    PluginOption,
    RecordedDataOptions,
    ScoredBoardOptions,
    grouped,
)
from harness.cli.report import dataset_or_reason, write_output
from harness.cli.saying import doing, say

_NAMES = (
    "forest, critical-difference, learning-curves, search-history, cost, embedding, neighbours, "
    "knn or class-correlation."
)


@grouped
def figure(  # noqa: PLR0913 - one argument an option
    name: Annotated[str, typer.Argument(help=_NAMES)],
    of: ScoredBoardOptions,
    own: RecordedDataOptions,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .pdf, .svg or .png; by default NAME.pdf."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(help="For plots of one method; by default the best."),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(help="Which rows alone, by commas; the first eight have colours."),
    ] = None,
    width: Annotated[
        float,
        typer.Option(min=2, max=20, help="Inches: as wide as a column of the paper."),
    ] = 5.5,
    top: Annotated[
        int,
        typer.Option(min=1, help="forest and critical-difference: how many methods, best first."),
    ] = 30,
    metric: MetricOption = "map_at_r",
    direction: DirectionOption = None,
    cost: Annotated[
        str,
        typer.Option(help="training_seconds, images_embedded, parameters or backward_passes."),
    ] = "training_seconds",
    colour_by: Annotated[
        str, typer.Option("--colour-by", help="class, or an attribute of the dataset.")
    ] = "class",
    projection: Annotated[str, typer.Option(help="PCA, t-SNE or UMAP.")] = "t-SNE",
    plugin: PluginOption = None,
) -> None:
    """Draw one of the report's charts for a paper, as PDF, SVG or PNG."""
    from harness.errors import unknown
    from harness.figures.drawing import FIGURES, FORMATS, Wish, as_file, draw
    from harness.figures.sources import load_sources
    from harness.registry import load_registry

    if name not in FIGURES:
        raise unknown("figure", name, FIGURES)
    path = output or Path(f"{name}.pdf")
    form = path.suffix.removeprefix(".").lower()
    if form not in FORMATS:
        raise unknown("format", form, FORMATS, where=f"--output {path}")
    registry = load_registry(plugin or ())
    with doing("drawing the figure"), of.open() as opened:
        sources = load_sources(
            opened, select=own.selecting(of.select, opened), aggregate=of.aggregate
        )
        if methods is not None:
            sources = sources.only(name.strip() for name in methods.split(","))
        wish = Wish(
            store=getattr(opened, "store", None),
            sources=sources,
            dataset=dataset_or_reason(registry, sources.board, own.brought),
            method=method,
            top=top,
            metric=metric,
            higher_is_better=direction,
            cost=cost,
            colour_by=colour_by,
            projection=projection,
            width=width,
        )
        content = as_file(draw(name, wish), form)
    write_output(path, content)
    say(str(path))
