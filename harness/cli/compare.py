"""`bench compare`, `power`, `ranks` and `across`: which rows of a board can be told apart."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    ConcatenatedOption,
    DirectionOption,
    FormatOption,
    MetricOption,
    ScoredBoardOptions,
    TextFormatOption,
    aggregate,
    grouped,
)
from harness.cli.saying import say, show, tell, write
from harness.errors import NotComparable, UserError

if TYPE_CHECKING:
    from harness.results.comparison import Comparison

MethodArgument = Annotated[
    str, typer.Argument(help="A method's name or its label on the leaderboard.")
]
DifferenceOption = Annotated[
    float, typer.Option("--difference", help="The difference that is not to be missed.")
]


@grouped
def compare(  # noqa: PLR0913 - one argument an option
    first: MethodArgument,
    second: MethodArgument,
    of: ScoredBoardOptions,
    *,
    metric: MetricOption = "map_at_r",
    alone: Annotated[
        bool,
        typer.Option("--alone", help="A pair named before any result was seen: no correction."),
    ] = False,
    difference: DifferenceOption = 0.005,
    direction: DirectionOption = None,
    format: TextFormatOption = "text",  # noqa: A002 - named as its option
) -> None:
    """Say which of two methods is better and how surely, or what it would take to tell."""
    from harness.results.sentences import comparison_document, comparison_text

    found = _compared(
        (first, second),
        of,
        metric=metric,
        alone=alone,
        to_see=difference,
        direction=direction,
    )
    if format == "json":
        document = comparison_document(found)
        write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False), nl=True)
    else:
        tell(comparison_text(found))


def _compared(  # noqa: PLR0913 - what is compared, and how
    methods: tuple[str, str],
    of: ScoredBoardOptions,
    *,
    metric: str,
    to_see: float,
    direction: bool | None = None,
    alone: bool = False,
    noise_only: bool = False,
) -> Comparison:
    """Compare two rows of a board; where `noise_only`, whichever way the metric is better."""
    from harness.metrics import direction_of
    from harness.results import load_board
    from harness.results.comparison import compare as compare_rows
    from harness.results.notes import caution_notes

    if not (math.isfinite(to_see) and to_see > 0.0):
        raise UserError(f"--difference must be a number above 0, not {to_see}")
    with of.open() as opened:
        board = load_board(opened, select=of.select, aggregate=of.aggregate)
        title = f"{board.protocol} on {board.dataset}"
        for line in (title, *caution_notes(board), *board.beside):
            say(f"bench: {line}", err=True)
        facts = board.metric(metric)
        unknown = noise_only and facts.higher_is_better is None
        return compare_rows(
            board,
            *methods,
            source=opened,
            metric=facts.name,
            higher_is_better=unknown or direction_of(facts, direction),
            alone=alone,
            to_see=to_see,
        )


@grouped
def power(  # noqa: PLR0913 - one argument an option
    first: MethodArgument,
    second: MethodArgument,
    of: ScoredBoardOptions,
    *,
    difference: DifferenceOption = 0.005,
    probability: Annotated[
        float, typer.Option("--power", help="With what probability it is to be seen.")
    ] = 0.8,
    metric: MetricOption = "map_at_r",
    format: TextFormatOption = "text",  # noqa: A002 - named as its option
) -> None:
    """Say how many replicates show a difference of two methods, from the noise they have shown."""
    from harness.results.comparison import power_to_see
    from harness.results.sentences import power_document, power_text

    if not 0.0 < probability < 1.0:
        raise UserError(f"--power must lie between 0 and 1, not {probability}")
    found = _compared(
        (first, second),
        of,
        metric=metric,
        to_see=difference,
        noise_only=True,
    )
    plan = power_to_see(difference, found.told, found.pairs, probability)
    if plan is None or plan.noise == 0.0:
        seen = found.too_few if plan is None else "no noise in their common replicates"
        raise NotComparable(f"'{first}' and '{second}' have {seen}: there is nothing to plan with")
    if format == "json":
        document = {"first": found.labels[0], "second": found.labels[1], "metric": found.metric}
        write(json.dumps(document | power_document(plan), indent=2, ensure_ascii=False), nl=True)
    else:
        tell(power_text(found, plan))


@grouped
def ranks(
    of: ScoredBoardOptions,
    *,
    metric: MetricOption = "map_at_r",
    direction: DirectionOption = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Rank all methods by one metric, with tie groups, rank intervals and the bootstrap."""
    from harness.metrics import direction_of
    from harness.results import load_board
    from harness.results.ranking import load_ranking, ranking_table

    with of.open() as opened:
        board = load_board(opened, select=of.select, aggregate=of.aggregate)
        facts = board.metric(metric)
        upward = direction_of(facts, direction)
        ranking = load_ranking(opened, board, metric=facts.name, higher_is_better=upward)
    show(ranking_table(ranking), format)


def across(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Stores or published leaderboards, a dataset or a protocol each."),
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
    from harness.metrics import direction_of
    from harness.results import load_board
    from harness.results.across import across_table, compare_across

    boards = [load_board(path, aggregate=aggregate(concatenated=concatenated)) for path in sources]
    for line in (line for board in boards for line in board.beside):
        say(f"bench: {line}", err=True)
    facts = [board.metric(metric) for board in boards]
    ways = {direction_of(one, direction) for one in facts}
    if len(ways) > 1:
        raise UserError(
            f"metric '{facts[0].name}': higher is better by some of these leaderboards, lower by "
            "others: they measure different things"
        )
    found = compare_across(boards, metric=facts[0].name, higher_is_better=ways.pop(), rope=rope)
    show(across_table(found), format)
