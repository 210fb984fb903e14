"""The leaderboard as an HTML table that reads without a script, intervals drawn in it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.figures.sources import RANKED_BY, Sources
from harness.leaderboard import Row
from harness.report.markup import Markup, element, join
from harness.report.naming import shown_metrics, title
from harness.statistics import Interval

NONE = "\u2013"  # where there is nothing to say
_WIDTH, _HEIGHT = 120, 14


def board_table(sources: Sources) -> Markup:
    """One row a method, best first; the cells carry the values that the script sorts by."""
    metrics = shown_metrics(sources)
    rows = sources.board.rows
    ties = any(row.ties for row in rows)
    head = element("tr", *_head(metrics, ties=ties))
    span = _span([row.scores(sources.board.aggregate).get(RANKED_BY) for row in rows])
    body = [_row(place, row, metrics, sources, (span, ties)) for place, row in enumerate(rows)]
    return element(
        "table",
        element("caption", "Leaderboard", class_="hidden"),
        element("thead", head),
        element("tbody", *body),
        id="board",
    )


def interval_words(interval: Interval | None) -> str:
    """`0.318 [0.301, 0.335]`, or what there is of it."""
    if interval is None or interval.mean is None:
        return "no score"
    if interval.low is None or interval.high is None:
        return f"{interval.mean:.3f} (one replicate: no interval)"
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def explained(sources: Sources) -> str:
    """What the numbers of the table are."""
    joined = sources.board.aggregate == "concatenated"
    return (
        f"{'Embeddings of the folds joined' if joined else 'Folds scored apart and averaged'}; "
        "mean and 95 % t-interval over replicates. A letter shared under “ties” means not told "
        "apart; overlapping intervals are not a test."
    )


def _head(metrics: Sequence[str], *, ties: bool) -> list[Markup]:
    plain = [("batch", "batch"), ("marks", "marks")]
    numbers = [
        ("runs", "runs"),
        ("train s", "seconds"),
        ("parameters", "parameters"),
        ("passes / step", "passes"),
    ]
    return [
        element("th", element("span", "colour", class_="hidden"), scope="col", class_="pin"),
        _sortable("method", "text", "method"),
        *([_sortable("ties", "text", "ties")] if ties else []),
        *(_sortable(title(name), "number", name) for name in metrics),
        *(_sortable(text, "number", key) for text, key in numbers),
        *(_sortable(text, "text", key) for text, key in plain),
    ]


def _sortable(text: str, kind: str, key: str) -> Markup:
    button = element("button", text, type="button", data_kind=kind)
    first = "descending" if key == RANKED_BY else None
    side = "number" if kind == "number" else None
    return element("th", button, scope="col", class_=side, aria_sort=first, data_key=key)


def _row(
    place: int,
    row: Row,
    metrics: Sequence[str],
    sources: Sources,
    shape: tuple[tuple[float, float] | None, bool],
) -> Markup:
    span, ties = shape
    scores = row.scores(sources.board.aggregate)
    pin = element(
        "input", type="checkbox", data_method=place, aria_label=f"Colour {row.label} in all charts"
    )
    link = element("a", row.label, href="#methods", data_open=place)
    letters = row.ties or ""
    return element(
        "tr",
        element("td", pin, class_="pin"),
        element("th", link, scope="row", data_value=row.label),
        *([element("td", letters, data_value=letters, class_="ties")] if ties else []),
        *(_metric(name, scores.get(name), span) for name in metrics),
        *_costs(row),
        element("td", _batch(row), data_value=row.declared.composition),
        element("td", _marks(row), data_value=_marks(row)),
        data_method=place,
    )


def _metric(name: str, interval: Interval | None, span: tuple[float, float] | None) -> Markup:
    if interval is None or interval.mean is None:
        return element("td", NONE, class_="number", data_value="")
    parts: list[Markup] = [element("b", f"{interval.mean:.3f}")]
    if interval.low is not None and interval.high is not None:
        parts.append(element("small", f"{interval.low:.3f}\u2013{interval.high:.3f}"))
    if name == RANKED_BY and span is not None:
        parts.insert(0, _drawn(interval, span))
    return element("td", *parts, class_="number", data_value=repr(interval.mean))


def _span(intervals: Sequence[Interval | None]) -> tuple[float, float] | None:
    ends = [
        value
        for interval in intervals
        if interval is not None
        for value in (interval.low, interval.mean, interval.high)
        if value is not None
    ]
    return (min(ends), max(ends)) if ends and max(ends) > min(ends) else None


def _drawn(interval: Interval, span: tuple[float, float]) -> Markup:
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


def _costs(row: Row) -> list[Markup]:
    runs = element(
        "td",
        f"{row.runs.done} of {row.runs.expected}",
        class_="number",
        data_value=row.runs.done,
    )
    cost = row.cost
    if cost is None:
        return [runs, *[element("td", NONE, class_="number", data_value="")] * 3]
    shown = [
        (f"{cost.training_seconds:.1f}", cost.training_seconds),
        (f"{cost.parameters:,.0f}", cost.parameters),
        (f"{cost.backward_passes_per_step:.2f}", cost.backward_passes_per_step),
    ]
    cells = [element("td", t, class_="number", data_value=repr(value)) for t, value in shown]
    return [runs, *cells]


def _batch(row: Row) -> str:
    declared = row.declared
    parts = [declared.composition]
    parts += [f"{declared.views} views"] if declared.views != 1 else []
    parts += [f"labels: {declared.labels}"] if declared.labels != "all" else []
    return ", ".join(parts)


def _marks(row: Row) -> Markup:
    failed = [f"{row.runs.failed} failed"] if row.runs.failed else []
    skipped = [f"{row.runs.skipped} skipped"] if row.runs.skipped else []
    return join("; ".join([*failed, *skipped, *row.flags]))
