"""Plots of a whole board: intervals, ranks, learning curves, searches, cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.figures.charts import (
    COSTS,
    AverageRanking,
    SearchHistory,
    average_ranking,
    learning_curve,
    pareto_front,
    search_histories,
    search_metric,
    selection_metric,
)
from harness.metrics import title_of
from harness.results.board import best_first
from harness.results.replicates import score_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.figures.drawing import Wish


GREY = "#8a929b"
COLOURS = ("#0b5cc0", "#b8430c", "#0f7a4a", "#8a2fa3", "#b3261e", "#806000", "#0b7285", "#b8246b")
_ROW = 0.2  # inches
_NAMED = 8  # points whose names still find room; of more, only the front is named


def title(metric: str) -> str:
    """A metric's name as people write it."""
    return title_of(metric)


def forest(wish: Wish) -> Figure:
    """Mean, 95 % interval and replicates of every method."""
    _, values = score_array([e.row.values(e.aggregate) for e in wish.entries], wish.metric)
    labels = [entry.label for entry in wish.entries]
    order = best_first(values, labels, higher_is_better=wish.upward)
    ranked = [(wish.entries[place], wish.entries[place].values(wish.metric)) for place in order]
    rows = [
        (entry.label, list(found.values()), entry.intervals[wish.metric])
        for entry, found in ranked
        if found
    ]
    if not rows:
        raise UserError(f"no method has a complete replicate with {wish.metric}")
    count, rows = len(rows), rows[: wish.top]
    figure, axes = tall(len(rows))
    for place, (_, found, interval) in enumerate(rows):
        axes.plot(found, [place] * len(found), "o", color=GREY, alpha=0.5, ms=2.5, mew=0)
        if interval.low is not None and interval.high is not None:
            axes.plot([interval.low, interval.high], [place] * 2, color=COLOURS[0], lw=1.6)
        if interval.mean is not None:
            axes.plot([interval.mean], [place], "o", color=COLOURS[0], ms=4)
    name_rows(axes, [label for label, _, _ in rows])
    what = f"{title(wish.metric)}: mean, 95 % interval, replicates"
    axes.set_xlabel(what + first_of(len(rows), count))
    return figure


def learning_curves(wish: Wish) -> Figure:
    """Validation over training steps: mean of the runs, the best eight in colour."""
    curves = [(entry.label, learning_curve(entry)) for entry in wish.entries]
    curves = [(label, curve) for label, curve in curves if len(curve) > 1]
    if not curves:
        raise UserError("no run has a learning curve")
    figure, axes = wide()
    for place, (label, curve) in reversed(list(enumerate(curves))):
        steps, means = [p.step for p in curve], [p.mean for p in curve]
        known = place < len(COLOURS)
        colour = COLOURS[place] if known else GREY
        axes.plot(
            steps, means, color=colour, lw=1.5 if known else 0.7, label=label if known else None
        )
        if known:
            low, high = [p.low for p in curve], [p.high for p in curve]
            axes.fill_between(steps, low, high, color=colour, alpha=0.08, lw=0)
    axes.set_xlabel("training step")
    axes.set_ylabel(f"validation {title(selection_metric(wish.entries) or '')}")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], fontsize=7)
    return figure


def cost(wish: Wish) -> Figure:
    """Score against cost, the Pareto front joined."""
    axis, better = COSTS[wish.cost], 1.0 if wish.upward else -1.0
    found = [
        (axis.of(entry.row.cost), fmean(values.values()), entry.label)
        for entry in wish.entries
        if entry.row.cost is not None and (values := entry.values(wish.metric))
    ]
    if not found:
        raise UserError("no method has both a score and an audit")
    front = pareto_front([(spent, better * score) for spent, score, _ in found])
    figure, axes = wide()
    axes.plot([f[0] for f in found], [f[1] for f in found], "o", color=GREY, ms=4)
    best = [found[place] for place in front]
    axes.step([f[0] for f in best], [f[1] for f in best], "--o", where="post", color=COLOURS[0])
    for turn, (spent, score, label) in enumerate(best if len(found) > _NAMED else found):
        offset = (4, 3) if turn % 2 else (4, -8)
        axes.annotate(label, (spent, score), offset, textcoords="offset points", fontsize=6)
    axes.set_xlabel(f"{axis.title}; joined: the Pareto front of the means")
    axes.set_ylabel(title(wish.metric))
    return figure


def first_of(shown: int, count: int) -> str:
    """What a plot says where it does not show all."""
    return "" if shown == count else f"; the first {shown} of {count} methods"


def tall(rows: int) -> tuple[Figure, Axes]:
    """An empty plot with a row a method."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 0.7 + _ROW * rows))
    return figure, figure.add_subplot()


def wide() -> tuple[Figure, Axes]:
    """An empty plot of lines or points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.4))
    return figure, figure.add_subplot()


def name_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Put the methods' names at their rows, first on top."""
    axes.set_yticks(range(len(labels)), list(labels))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


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


def search_history(wish: Wish) -> Figure:
    """A stair for each search of a method; the best eight methods in colour, with their trials."""
    found = [(entry.label, search_histories(entry)) for entry in wish.entries]
    found = [(label, histories) for label, histories in found if histories]
    if not found:
        raise UserError("no method was searched for; `bench tune` does that")
    from matplotlib.ticker import MaxNLocator

    figure, axes = wide()
    for place, (label, histories) in reversed(list(enumerate(found))):
        known = place < len(COLOURS)
        for history in reversed(histories):
            name = label if known and history is histories[0] else None
            _stair(axes, history, COLOURS[place] if known else GREY, name)
            if known:
                _trials(axes, history, COLOURS[place])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("trial; crosses below: failed")
    axes.set_ylabel(f"validation {title(search_metric(wish.entries) or '')}, best so far")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], fontsize=7)
    return figure


def _stair(axes: Axes, history: SearchHistory, colour: str, name: str | None) -> None:
    best = zip(history.trials, history.best, strict=True)
    points = [(tried.trial + 1, value) for tried, value in best if value is not None]
    axes.step(
        [trial for trial, _ in points],
        [value for _, value in points],
        where="post",
        color=colour,
        lw=1.5 if name else 0.7,
        label=name,
    )


def _trials(axes: Axes, history: SearchHistory, colour: str) -> None:
    done = [(tried.trial + 1, tried.value) for tried in history.trials if tried.value is not None]
    failed = [tried.trial + 1 for tried in history.trials if tried.value is None]
    axes.plot([x for x, _ in done], [y for _, y in done], "o", color=colour, ms=2.5, alpha=0.55)
    below = axes.get_xaxis_transform()
    axes.plot(failed, [0.02] * len(failed), "x", color=colour, ms=3.5, transform=below)
