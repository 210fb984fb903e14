"""An interval as a small drawing in a cell of the leaderboard."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.markup import Markup, element
from harness.statistics import Interval

_WIDTH, _HEIGHT = 120, 14


def span_of(intervals: Sequence[Interval | None]) -> tuple[float, float] | None:
    """The lowest and the highest end of all; None for fewer than two different ones."""
    ends = [
        value
        for interval in intervals
        if interval is not None
        for value in (interval.low, interval.mean, interval.high)
        if value is not None
    ]
    return (min(ends), max(ends)) if ends and max(ends) > min(ends) else None


def drawn_interval(interval: Interval, span: tuple[float, float]) -> Markup:
    """The interval as a line with a dot; the numbers stand beside it, so it is hidden from ears."""

    def x(value: float | None) -> str:
        low, high = span
        return f"{4 + (_WIDTH - 8) * ((value or 0.0) - low) / (high - low):.1f}"

    middle = _HEIGHT // 2
    line = element("line", x1=x(interval.low), x2=x(interval.high), y1=middle, y2=middle)
    parts = [
        element("line", class_="rail", x1=4, x2=_WIDTH - 4, y1=middle, y2=middle),
        line if interval.low is not None else None,
        element("circle", cx=x(interval.mean), cy=middle, r=3),
    ]
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    return element("svg", *parts, class_="drawn", viewBox=box, aria_hidden="true")
