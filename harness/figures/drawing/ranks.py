"""The critical-difference diagram, upright."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.figures.drawing.boards import COLOURS, first_of, name_rows, tall, title
from harness.figures.ranking import AverageRanking, average_ranking

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from harness.figures.drawing.catalogue import Wish


def critical_difference(wish: Wish) -> Figure:
    """Average ranks over replicates, and bars joining what Nemenyi's test does not part."""
    ranking = average_ranking(wish.sources, wish.metric, higher_is_better=wish.higher_is_better)
    if not ranking.labels:
        raise UserError("no method has a complete replicate to rank")
    count = min(wish.top, len(ranking.labels))
    figure, axes = tall(count)
    axes.plot(ranking.ranks[:count], range(count), "o", color=COLOURS[0], ms=4)
    for lane, (first, last) in enumerate(_bars(ranking, count)):
        x = 0.6 - 0.25 * lane
        axes.plot([x, x], [first - 0.25, last + 0.25], color="#545e6a", lw=2.2)
    if ranking.difference is not None:
        axes.plot([1, 1 + ranking.difference], [-1, -1], "|-", color="black", lw=1)
        note = f"critical difference {ranking.difference:.2f}"
        axes.text(1, -1.3, note, fontsize=7, va="bottom")
    name_rows(axes, ranking.labels[:count])
    axes.set_xticks([tick for tick in axes.get_xticks() if 1 <= tick <= axes.get_xlim()[1]])
    seeds = len(ranking.seeds)
    axes.set_xlabel(
        f"average rank by {title(wish.metric)} over {seeds} "
        f"{'replicate' if seeds == 1 else 'replicates'} of {wish.sources.board.dataset}"
        f"{first_of(count, len(ranking.labels))}"
    )
    return figure


def _bars(ranking: AverageRanking, count: int) -> Iterator[tuple[int, int]]:
    """The cliques among the first `count`, without those that are then part of another."""
    reached = 0
    for first, last in ranking.cliques:
        shown = min(last, count - 1)
        if shown > max(first, reached):
            yield first, shown
            reached = shown
