"""Search history: each trial's validation value, and the best so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.figures.drawing.boards import COLOURS, GREY, title, wide
from harness.figures.searches import SearchHistory, search_histories, search_metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.figures.drawing.catalogue import Wish


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
