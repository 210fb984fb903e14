"""`bench ranks`: where each method may stand, and which cannot be told apart."""

from __future__ import annotations

import typer

from harness.cli.options import (
    ConcatenatedOption,
    DirectionOption,
    FormatOption,
    MetricOption,
    StoredDatasetOption,
    StoredProtocolOption,
    StoreOption,
)
from harness.settings import DEFAULT_STORE


def ranks(  # noqa: PLR0913 - one argument an option
    *,
    metric: MetricOption = "map_at_r",
    store: StoreOption = DEFAULT_STORE,
    protocol: StoredProtocolOption = None,
    dataset: StoredDatasetOption = None,
    concatenated: ConcatenatedOption = False,
    direction: DirectionOption = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Rank all methods by one metric, with tie groups, rank intervals and the bootstrap."""
    from harness.comparison import load_ranking, ranking_table
    from harness.metrics import direction_of
    from harness.results import load_board
    from harness.store import Store
    from harness.table import render

    with Store.open(store) as opened:
        board = load_board(
            opened,
            protocol=protocol,
            dataset=dataset,
            aggregate="concatenated" if concatenated else "separated",
        )
        facts = board.metric(metric)
        upward = direction_of(facts, direction)
        ranking = load_ranking(opened, board, metric=facts.name, higher_is_better=upward)
    typer.echo(render(ranking_table(ranking), format), nl=False)
