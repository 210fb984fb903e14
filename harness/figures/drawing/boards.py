"""Plots of a whole leaderboard: intervals, learning curves, cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.figures.costing import COSTS, pareto_front
from harness.figures.curves import learning_curve, selection_metric
from harness.metrics import title_of
from harness.statistics import t_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.figures.drawing.catalogue import Wish

GREY = "#8a929b"
COLOURS = ("#0b5cc0", "#b8430c", "#0f7a4a", "#8a2fa3", "#b3261e", "#806000", "#0b7285", "#b8246b")
_ROW = 0.2  # inches
_NAMED = 8  # points whose names still find room; of more, only the front is named


def title(metric: str) -> str:
    """A metric's name as people write it."""
    return title_of(metric)


def forest(wish: Wish) -> Figure:
    """Mean, 95 % t-interval and replicates of every method."""
    values = {entry.label: list(entry.values(wish.metric).values()) for entry in wish.entries}
    rows = [(label, found, t_interval(found)) for label, found in values.items() if found]
    if not rows:
        raise UserError(f"no method has a complete replicate with {wish.metric}")
    rows.sort(key=lambda row: row[2].mean or 0.0, reverse=wish.upward)
    count, rows = len(rows), rows[: wish.top]
    figure, axes = tall(len(rows))
    for place, (_, found, interval) in enumerate(rows):
        axes.plot(found, [place] * len(found), "o", color=GREY, alpha=0.5, ms=2.5, mew=0)
        if interval.low is not None and interval.high is not None:
            axes.plot([interval.low, interval.high], [place] * 2, color=COLOURS[0], lw=1.6)
        if interval.mean is not None:
            axes.plot([interval.mean], [place], "o", color=COLOURS[0], ms=4)
    name_rows(axes, [label for label, _, _ in rows])
    what = f"{title(wish.metric)}: mean, 95 % t-interval, replicates"
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
        (axis.of(entry.row.cost), t_interval(list(values.values())).mean or 0.0, entry.label)
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
