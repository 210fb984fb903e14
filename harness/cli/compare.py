"""`bench compare`: two methods against each other, in words and numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    DEFAULT_STORE,
    ConcatenatedOption,
    DirectionOption,
    MetricOption,
    PluginOption,
    StoredDatasetOption,
    StoredProtocolOption,
    StoreOption,
    TextFormatOption,
)
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.comparison import Comparison

MethodArgument = Annotated[
    str, typer.Argument(help="A method's name or its label on the leaderboard.", show_default=False)
]
DifferenceOption = Annotated[
    float, typer.Option("--difference", help="The difference that is not to be missed.")
]


def compare(  # noqa: PLR0913 - one argument an option
    first: MethodArgument,
    second: MethodArgument,
    *,
    metric: MetricOption = "map_at_r",
    store: StoreOption = DEFAULT_STORE,
    protocol: StoredProtocolOption = None,
    dataset: StoredDatasetOption = None,
    concatenated: ConcatenatedOption = False,
    alone: Annotated[
        bool,
        typer.Option("--alone", help="A pair named before any result was seen: no correction."),
    ] = False,
    difference: DifferenceOption = 0.005,
    direction: DirectionOption = None,
    plugin: PluginOption = None,
    format: TextFormatOption = "text",  # noqa: A002 - named as its option
) -> None:
    """Say which of two methods is better and how surely, or what it would take to tell."""
    from harness.comparison import comparison_document, comparison_text

    found = compared(
        (first, second),
        metric=metric,
        scope=(store, protocol, dataset),
        concatenated=concatenated,
        alone=alone,
        to_see=difference,
        direction=direction,
        plugin=plugin,
    )
    if format == "json":
        document = comparison_document(found)
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        typer.echo(comparison_text(found), nl=False)


def compared(  # noqa: PLR0913 - one argument an option
    methods: tuple[str, str],
    *,
    metric: str,
    scope: tuple[Path, str | None, str | None],
    concatenated: bool,
    alone: bool,
    to_see: float,
    direction: bool | None,
    plugin: list[Path] | None = None,
) -> Comparison:
    """Read the leaderboard of `scope` (store, protocol, dataset) and compare two of its rows.

    `direction`: whether more is better, or None to ask the metric's plugin.
    """
    from harness.comparison import higher_is_better, load_comparison, require_metric
    from harness.leaderboard import load_leaderboard
    from harness.store import Store

    if not (math.isfinite(to_see) and to_see > 0.0):
        raise UserError(f"--difference must be a number above 0, not {to_see}")
    path, protocol, dataset = scope
    with Store.open(path) as opened:
        board = load_leaderboard(
            opened,
            protocol=protocol,
            dataset=dataset,
            aggregate="concatenated" if concatenated else "separated",
        )
        require_metric(board, metric)
        upward = higher_is_better(metric, plugin or ()) if direction is None else direction
        return load_comparison(
            opened,
            board,
            *methods,
            metric=metric,
            higher_is_better=upward,
            alone=alone,
            to_see=to_see,
        )
