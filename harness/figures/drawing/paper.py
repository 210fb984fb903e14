"""A chart's definition in matplotlib's ink, for files: what is shown is `chart.py`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import UserError
from harness.figures.drawing.chart import COLOURS, GREY, GROUPS, RAMP, Chart, Mark
from harness.figures.embedded import TestPart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]

_ROW = 0.2  # inches
_PIXEL = 0.55  # points: a page's pixel on paper, where a chart is half as wide
_NAME = 7  # points: of names at lines and points
_SHAPES = "os^D"  # of groups, ten colours each
_TOLD = 12  # groups that a legend names
_NAMED = 20  # classes that find room beside their cells
_SHIFTS = (3, -8, 12, -17, 21, -26)  # points: of names beside points, the first that is free


def on_paper(chart: Chart, coloured: Sequence[str], *, top: int, width: float) -> Figure:
    """The chart, `width` inches wide; UserError if it has no row.

    `coloured`: methods that stand out, the first eight of them in the colours of the page, so that
    a method has one colour in all figures. `top`: how many rows, best first, where each has a line.
    """
    from matplotlib.figure import Figure

    every = chart.rows
    if not every:
        raise UserError(chart.nothing)
    rows = every[:top] if chart.y is None else every
    height = 0.7 + _ROW * len(rows) if chart.y is None else 0.62 * width
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    paint = dict(zip(coloured, COLOURS, strict=False))
    _scale(axes, chart, rows)
    for place, row in sorted(enumerate(rows), key=lambda one: one[1]["method"] in paint):
        for mark in (mark for mark in chart.marks if mark.kind in _INK):
            if (row["method"] in paint or not mark.coloured) and row.get(mark.when, True):
                _INK[mark.kind](axes, row, mark, place, paint.get(row["method"], GREY))
    _join(axes, chart)
    _limits(axes, chart)
    if chart.y is None:
        _name_rows(axes, chart, rows, paint)
    _name(axes, chart, rows, paint)
    shown = "" if len(rows) == len(every) else f"\nthe first {len(rows)} of {len(every)} methods"
    figure.supxlabel(chart.x.title + shown, fontsize="medium")
    axes.set_ylabel(chart.y.title if chart.y else "")
    return figure


def in_ink(chart: Chart, test: TestPart, title: str, *, width: float) -> Figure:
    """A picture of one embedding, `width` inches wide; UserError if nothing is to be shown."""
    from matplotlib.figure import Figure

    if not chart.rows:
        raise UserError(chart.nothing)
    (mark,) = chart.marks
    figure = Figure(figsize=(width, width), layout="constrained")
    figure.suptitle(title, fontsize="medium")
    if mark.kind == "images":
        _images(figure, chart, mark, test)
    else:
        axes = figure.add_subplot(xticks=[], yticks=[], aspect="equal")
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        (_samples if mark.kind == "samples" else _cells)(axes, chart, mark)
    return figure


def _samples(axes: Axes, chart: Chart, mark: Mark) -> None:
    for i, row in enumerate(chart.rows):
        ink: Any = {"ms": 2 * _PIXEL * mark.size, "mew": 0, "alpha": mark.opacity}
        shape, colour = _SHAPES[i // 10 % len(_SHAPES)], GROUPS[i % 10]
        axes.plot(row[mark.x], row[mark.y], shape, color=colour, label=row["group"], **ink)
    if len(chart.rows) <= _TOLD:
        axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))


def _cells(axes: Axes, chart: Chart, mark: Mark) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    ramp, names = LinearSegmentedColormap.from_list("", RAMP), chart.rows[0][mark.x]
    drawn = axes.imshow([row[mark.y] for row in chart.rows], cmap=ramp, vmin=-1, vmax=1)
    if len(names) <= _NAMED:
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize="small")
        axes.set_yticks(range(len(names)), names, fontsize="small")
    axes.figure.colorbar(drawn, ax=axes, shrink=0.8)


def _images(figure: Figure, chart: Chart, mark: Mark, test: TestPart) -> None:
    shown = [
        one
        for row in chart.rows
        for one in [(row[mark.x], 1.0), *zip(row[mark.x2], row[mark.when], strict=True)]
    ]
    images = test.images([sample for sample, _ in shown])
    if images is None:
        raise UserError(f"no images to show: {test.missing}")
    down, across = len(chart.rows), len(shown) // len(chart.rows)
    figure.set_figheight(figure.get_figwidth() * down / across + 0.2)
    grid = figure.subplots(down, across, squeeze=False, subplot_kw={"xticks": [], "yticks": []})
    for axes, image, (_, right) in zip(grid.ravel(), images, shown, strict=True):
        pixels = np.moveaxis(image, 0, -1) if len(image) == 3 else image.mean(axis=0)
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)
        axes.grid(visible=False)
        axes.spines[:].set(visible=not right, color="#b3261e", linewidth=2)


def _points(row: Row, mark: Mark, place: float) -> list[tuple[float, float]]:
    """Where a mark of a row is, without what has no value."""
    xs = row[mark.x] if isinstance(row[mark.x], list) else [row[mark.x]]
    ys = row[mark.y] if mark.y else [place] * len(xs)
    ys = ys if isinstance(ys, list) else [ys]
    return [(x, y) for x, y in zip(xs, ys, strict=True) if x is not None and y is not None]


def _dots(axes: Axes, row: Row, mark: Mark, place: int, colour: str) -> None:
    ring = {"mec": "black", "mew": 0.9} if mark.kind == "rings" else {"mew": 0}
    x, y = zip(*_points(row, mark, place), strict=True) if _points(row, mark, place) else ((), ())
    axes.plot(x, y, "o", color=colour, ms=2 * _PIXEL * mark.size, alpha=mark.opacity, **ring)


def _span(axes: Axes, row: Row, mark: Mark, place: int, colour: str) -> None:
    low, high = row[mark.x], row[mark.x2]
    if low is not None and high is not None:
        lw = _PIXEL * mark.size
        ink: Any = {"color": colour, "lw": lw, "alpha": mark.opacity, "solid_capstyle": "round"}
        axes.plot([low, high], [place, place], **ink)


def _line(axes: Axes, row: Row, mark: Mark, place: int, colour: str) -> None:
    points = _points(row, mark, place)
    told = row.get(mark.dash, [])
    full = next((i for i, value in enumerate(told) if value != told[0]), len(points))
    ink: Any = {"color": colour, "lw": 0.7 if colour == GREY else 1.4}
    if mark.kind == "stairs":
        ink["drawstyle"] = "steps-post"
    for part, dash in ((points[:full], "-"), (points[max(0, full - 1) :], ":")):
        if len(part) > 1 or dash == "-":
            axes.plot([x for x, _ in part], [y for _, y in part], dash, **ink)


def _band(axes: Axes, row: Row, mark: Mark, _: int, colour: str) -> None:
    axes.fill_between(
        row[mark.x], row[mark.y], row[mark.y2], color=colour, alpha=mark.opacity, lw=0
    )


def _crosses(axes: Axes, row: Row, mark: Mark, _: int, colour: str) -> None:
    """Below the data: in axes' heights, a lane a colour."""
    lost = [x for x, y in zip(row[mark.x], row[mark.y], strict=True) if y is None]
    lane = 0.02 + 0.025 * (COLOURS.index(colour) if colour != GREY else 0)
    ink: Any = {"color": colour, "ms": 3.5, "transform": axes.get_xaxis_transform()}
    axes.plot(lost, [lane] * len(lost), "x", **ink)


_INK = {
    "dots": _dots,
    "rings": _dots,
    "span": _span,
    "line": _line,
    "stairs": _line,
    "band": _band,
    "crosses": _crosses,
}


def _scale(axes: Axes, chart: Chart, rows: Sequence[Row]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.margins(x=chart.x.pad, y=chart.y.pad if chart.y else 0.0)
    if chart.x.log:
        least = min(x for row in rows for x, _ in _points(row, chart.marks[0], 0) if x > 0)
        axes.set_xscale("symlog", linthresh=least, linscale=0.3, subs=(1, 2, 5))
        axes.xaxis.set_major_formatter("{x:g}")
    elif chart.x.whole:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _join(axes: Axes, chart: Chart) -> None:
    """A stair through the rows that are joined."""
    if chart.joined:
        mark = chart.marks[0]
        points = sorted((row[mark.x], row[mark.y]) for row in chart.rows if row[chart.joined])
        ink: Any = {"where": "post", "color": "#545e6a", "lw": 0.9, "zorder": 1}
        axes.step([x for x, _ in points], [y for _, y in points], "--", **ink)


def _limits(axes: Axes, chart: Chart) -> None:
    for axis, limits, grow in (
        (chart.x, axes.get_xlim, axes.set_xlim),
        (chart.y, axes.get_ylim, axes.set_ylim),
    ):
        if axis is not None:
            low, high = limits()
            low = min([low, *axis.include]) if axis.low is None else axis.low
            grow(low, max([high, *axis.include]))
    if chart.x.line is not None:
        axes.axvline(chart.x.line, color="#545e6a", lw=0.8, ls=":")


def _name_rows(axes: Axes, chart: Chart, rows: Sequence[Row], paint: Mapping[str, str]) -> None:
    """The methods at their lines, first on top; bars beside them, and what stands at the right."""
    axes.set_yticks(range(len(rows)), [row["method"] for row in rows])
    for row, label in zip(rows, axes.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if row["method"] in paint else "normal")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    beside: Any = {"transform": axes.get_yaxis_transform(), "clip_on": False}
    lanes = 1 + max((bracket.lane for bracket in chart.brackets), default=-1)
    for bracket in chart.brackets:
        last = min(bracket.last, len(rows) - 1)
        if last > bracket.first and not bracket.of:
            x = -0.012 - 0.012 * (lanes - 1 - bracket.lane)
            ends = [bracket.first - 0.25, last + 0.25]
            axes.plot([x, x], ends, color="#545e6a", lw=1.8, solid_capstyle="round", **beside)
    axes.tick_params(axis="y", length=0, pad=4 + 5 * lanes)
    for place, row in enumerate(rows if chart.aside else ()):
        axes.text(1.01, place, f"{row[chart.aside]:.2f}", fontsize=_NAME, va="center", **beside)
    top = -0.7
    if chart.measure is not None:
        length, note = chart.measure
        axes.plot([1, 1 + length], [-1, -1], "|-", color="black", lw=1)
        axes.text(1, -1.3, note, fontsize=_NAME, va="bottom")
        top = -1.6
    axes.set_ylim(len(rows) - 0.3, top)


def _name(axes: Axes, chart: Chart, rows: Sequence[Row], paint: Mapping[str, str]) -> None:
    """Names at points, and at the ends of lines pushed apart, each method once."""
    ends: dict[str, float] = {}
    taken: list[tuple[float, float, float]] = []
    for row in rows:
        known = row["method"] in paint
        for mark in chart.marks:
            points = _points(row, mark, 0) if mark.kind in ("end", "name") else []
            if mark.kind == "end" and points and known:
                ends.setdefault(row["method"], points[-1][1])
            elif mark.kind == "name" and (known or (row[mark.when] and not mark.coloured)):
                _beside(axes, row["method"], points[0], taken)
    low, high = axes.get_ylim()
    height = axes.get_window_extent().height * 72 / axes.figure.dpi
    gap = 1.25 * _NAME / height * (high - low)
    for method, y in zip(ends, _apart(list(ends.values()), gap, high), strict=True):
        at: Any = {"transform": axes.get_yaxis_transform(), "fontsize": _NAME, "va": "center"}
        axes.text(1.01, y, method, color=paint[method], **at)


def _beside(
    axes: Axes, name: str, point: tuple[float, float], taken: list[tuple[float, float, float]]
) -> None:
    """A name at a point, where it covers none of those `taken` (left, bottom and right, points)."""
    x, y = axes.transData.transform(point) * 72 / axes.figure.dpi
    wide = 0.6 * _NAME * len(name)
    shift = next(
        (
            shift
            for shift in _SHIFTS
            if not any(
                abs(y + shift - bottom) < _NAME and x < right and left < x + wide
                for left, bottom, right in taken
            )
        ),
        _SHIFTS[0],
    )
    taken.append((x, y + shift, x + wide))
    ink: Any = {"textcoords": "offset points", "fontsize": _NAME - 1}
    axes.annotate(name, point, (4, shift), **ink)


def _apart(wanted: Sequence[float], gap: float, high: float) -> list[float]:
    """Heights near those wanted, at least `gap` from each other and none over `high`."""
    found = list(wanted)
    above = high + gap
    for place in sorted(range(len(wanted)), key=lambda place: -wanted[place]):
        above = found[place] = min(wanted[place], above - gap)
    return found
