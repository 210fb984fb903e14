"""`bench across`: methods over several datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    ConcatenatedOption,
    DirectionOption,
    FormatOption,
    MetricOption,
)


def across(
    results: Annotated[
        list[Path], typer.Argument(help="Published leaderboards, one of each dataset.")
    ],
    *,
    metric: MetricOption = "map_at_r",
    rope: Annotated[
        float, typer.Option(help="Differences up to this size do not matter.", min=0.0)
    ] = 0.01,
    concatenated: ConcatenatedOption = False,
    direction: DirectionOption = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Compare methods over several datasets: average ranks, critical difference, Bayes."""
    from harness.comparison import across_table, compare_across
    from harness.metrics import direction_of
    from harness.publishing import load_publication
    from harness.results import build_board
    from harness.table import render

    published = [load_publication(path) for path in results]
    boards = [
        build_board(
            one.records(),
            one.concatenations(),
            aggregate="concatenated" if concatenated else "separated",
        )
        for one in published
    ]
    facts = boards[0].metric(metric)
    upward = direction_of(facts, direction)
    found = compare_across(boards, metric=facts.name, higher_is_better=upward, rope=rope)
    typer.echo(render(across_table(found), format), nl=False)
