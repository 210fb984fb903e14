"""`bench ranks`: where each method may stand, and which cannot be told apart."""

from __future__ import annotations

import typer

from harness.cli.options import (
    DEFAULT_STORE,
    ConcatenatedOption,
    DirectionOption,
    FormatOption,
    MetricOption,
    PluginOption,
    StoredDatasetOption,
    StoredProtocolOption,
    StoreOption,
)


def ranks(  # noqa: PLR0913 - one argument an option
    *,
    metric: MetricOption = "map_at_r",
    store: StoreOption = DEFAULT_STORE,
    protocol: StoredProtocolOption = None,
    dataset: StoredDatasetOption = None,
    concatenated: ConcatenatedOption = False,
    direction: DirectionOption = None,
    plugin: PluginOption = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Rank all methods by one metric, with tie groups, rank intervals and the bootstrap."""
    from harness.comparison import higher_is_better, load_ranking, ranking_table, require_metric
    from harness.leaderboard import load_leaderboard
    from harness.store import Store
    from harness.table import render

    with Store.open(store) as opened:
        board = load_leaderboard(
            opened,
            protocol=protocol,
            dataset=dataset,
            aggregate="concatenated" if concatenated else "separated",
        )
        require_metric(board, metric)
        upward = higher_is_better(metric, plugin or ()) if direction is None else direction
        ranking = load_ranking(opened, board, metric=metric, higher_is_better=upward)
    typer.echo(render(ranking_table(ranking), format), nl=False)
