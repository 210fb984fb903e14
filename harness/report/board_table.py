"""The board as an HTML table that reads without a script, intervals drawn in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.figures.sources import Sources
from harness.metrics import RANKED_BY, title_of
from harness.report.markup import Markup, element, join
from harness.results import Aggregate, Row
from harness.results.display import span_text
from harness.statistics import Interval
from harness.statistics.standings import READABLE


@dataclass(frozen=True)
class About:
    """What plugins say of their methods: a sentence, by method name."""

    sentences: Mapping[str, str] = field(default_factory=dict)

    def of(self, method: str) -> str:
        """The sentence on a method; empty where its plugin is not installed."""
        return self.sentences.get(method, "")


def title(metric: str) -> str:
    """A metric's name as people write it."""
    return title_of(metric)


def shown_metrics(sources: Sources) -> list[str]:
    """The metrics of a Board's usual columns that some row has, then those of plugins."""
    board = sources.board
    return [name for name in board.metrics if board.facts(name).usual]


def letters(row: Row) -> set[str]:
    """The groups of a row: `ab` is of a and b, and so is `a1b1` of a1 and b1."""
    return set(re.findall(r"[a-zA-Z]\d*", row.ties or ""))


def as_letters(rows: Sequence[Row]) -> bool:
    """Whether no row has more letters than a reader can compare."""
    return max((len(letters(row)) for row in rows), default=0) <= READABLE


def tied_with(row: Row, rows: Sequence[Row]) -> list[Row]:
    """The other rows that share a letter with it."""
    own = letters(row)
    return [other for other in rows if other is not row and own & letters(other)]


def ties_shown(rows: Sequence[Row]) -> dict[str, str]:
    """What each row says of its ties, by label: its letters, or where it may truly stand."""
    if as_letters(rows):
        return {row.label: row.ties for row in rows if row.ties}
    return {row.label: span_text(row.ranks) or "" for row in rows if row.ranks}


def ties_meaning(rows: Sequence[Row]) -> str:
    """What `ties_shown` says, in a sentence."""
    if as_letters(rows):
        return "A letter shared under “ties” means not told apart."
    return (
        "“Rank” is where a method may truly stand; all of these hold together with 95 %. There "
        "are too many groups for letters."
    )


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


NONE = "\u2013"  # where there is nothing to say


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """Which columns there are, of which scores; `span`: what the drawn intervals cover."""

    metrics: Sequence[str]
    aggregate: Aggregate
    span: tuple[float, float] | None
    ties: Mapping[str, str]
    lettered: bool
    searched: bool


def board_table(sources: Sources) -> Markup:
    """One row a method, best first; the cells carry the values that the script sorts by."""
    rows = sources.board.rows
    aggregate = sources.board.aggregate
    shape = _Shape(
        metrics=shown_metrics(sources),
        aggregate=aggregate,
        span=span_of([row.scores(aggregate).get(RANKED_BY) for row in rows]),
        ties=ties_shown(rows),
        lettered=as_letters(rows),
        searched=any(row.cost and row.cost.search_seconds is not None for row in rows),
    )
    head = element("tr", *_head(shape))
    body = [_row(place, row, shape) for place, row in enumerate(rows)]
    return element(
        "table",
        element("caption", "Board", class_="hidden"),
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
        f"mean and 95 % interval over replicates. {ties_meaning(sources.board.rows)} Overlapping "
        "intervals are not a test."
    )


def _head(shape: _Shape) -> list[Markup]:
    ties = ("ties", "text") if shape.lettered else ("rank", "number")
    plain = [("batch", "batch"), ("marks", "marks")]
    numbers = [
        ("runs", "runs"),
        ("train s", "seconds"),
        ("parameters", "parameters"),
        ("passes / step", "passes"),
        *([("search s", "search")] if shape.searched else []),
    ]
    return [
        element("th", element("span", "colour", class_="hidden"), scope="col", class_="pin"),
        _sortable("method", "text", "method"),
        *([_sortable(*ties, "ties")] if shape.ties else []),
        *(_sortable(title(name), "number", name) for name in shape.metrics),
        *(_sortable(text, "number", key) for text, key in numbers),
        *(_sortable(text, "text", key) for text, key in plain),
    ]


def _sortable(text: str, kind: str, key: str) -> Markup:
    button = element("button", text, type="button", data_kind=kind)
    first = "descending" if key == RANKED_BY else None
    side = "number" if kind == "number" else None
    return element("th", button, scope="col", class_=side, aria_sort=first, data_key=key)


def _row(place: int, row: Row, shape: _Shape) -> Markup:
    scores = row.scores(shape.aggregate)
    pin = element(
        "input", type="checkbox", data_method=place, aria_label=f"Colour {row.label} in all charts"
    )
    link = element("a", row.label, href="#methods", data_open=place)
    ties = shape.ties.get(row.label, "")
    return element(
        "tr",
        element("td", pin, class_="pin"),
        element("th", link, scope="row", data_value=row.label),
        *([element("td", ties, data_value=_sorted_by(ties), class_="ties")] if shape.ties else []),
        *(_metric(name, scores.get(name), shape.span) for name in shape.metrics),
        *_costs(row, searched=shape.searched),
        element("td", _batch(row), data_value=row.declared.composition),
        element("td", _marks(row), data_value=_marks(row)),
        data_method=place,
    )


def _sorted_by(ties: str) -> str:
    """What a column of letters or of ranks is sorted by: of `4-9` its first."""
    return ties.partition("-")[0]


def _metric(name: str, interval: Interval | None, span: tuple[float, float] | None) -> Markup:
    if interval is None or interval.mean is None:
        return element("td", NONE, class_="number", data_value="")
    parts: list[Markup] = [element("b", f"{interval.mean:.3f}")]
    if interval.low is not None and interval.high is not None:
        parts.append(element("small", f"{interval.low:.3f}\u2013{interval.high:.3f}"))
    if name == RANKED_BY and span is not None:
        parts.insert(0, drawn_interval(interval, span))
    return element("td", *parts, class_="number", data_value=repr(interval.mean))


def _costs(row: Row, *, searched: bool) -> list[Markup]:
    cost, runs = row.cost, row.runs
    search = cost.search_seconds if cost else None
    shown = [
        (f"{runs.done} of {runs.expected}", runs.done),
        *(
            [
                (f"{cost.training_seconds:.1f}", cost.training_seconds),
                (f"{cost.parameters:,.0f}", cost.parameters),
                (f"{cost.backward_passes_per_step:.2f}", cost.backward_passes_per_step),
            ]
            if cost
            else [(NONE, None)] * 3
        ),
        *([(NONE if search is None else f"{search:,.0f}", search)] if searched else []),
    ]
    return [
        element("td", text, class_="number", data_value="" if value is None else repr(value))
        for text, value in shown
    ]


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
