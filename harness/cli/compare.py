"""`bench compare`: two methods against each other, in words and numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    ConcatenatedOption,
    DirectionOption,
    MetricOption,
    StoredDatasetOption,
    StoredProtocolOption,
    StoreOption,
    TextFormatOption,
)
from harness.errors import UserError
from harness.metrics import direction_of
from harness.settings import DEFAULT_STORE

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
    noise_only: bool = False,
) -> Comparison:
    """Read the leaderboard of `scope` (store, protocol, dataset) and compare two of its rows.

    `direction`: whether more is better, or None to ask the Records; of no
    matter where `noise_only`, for noise is the same either way.
    """
    from harness.comparison import load_comparison
    from harness.results import load_board
    from harness.store import Store

    if not (math.isfinite(to_see) and to_see > 0.0):
        raise UserError(f"--difference must be a number above 0, not {to_see}")
    path, protocol, dataset = scope
    with Store.open(path) as opened:
        board = load_board(
            opened,
            protocol=protocol,
            dataset=dataset,
            aggregate="concatenated" if concatenated else "separated",
        )
        facts = board.metric(metric)
        if noise_only and facts.higher_is_better is None:
            direction = True
        return load_comparison(
            opened,
            board,
            *methods,
            metric=facts.name,
            higher_is_better=direction_of(facts, direction),
            alone=alone,
            to_see=to_see,
        )
