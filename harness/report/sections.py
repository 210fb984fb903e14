"""The page's words and tables: what a reader meets first, what was counted, where it comes from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from markupsafe import Markup

from harness.errors import counted
from harness.figures.sources import Entry, Sources
from harness.metrics import RANKED_BY, title_of
from harness.record import Audit, Record, Searched
from harness.results import Board
from harness.results.board import Aggregate, Hyperparameters
from harness.results.display import display_table, interval_text
from harness.results.telling import LEVEL
from harness.statistics.intervals import Interval
from harness.table import Cell, Table

NONE = "\u2013"  # where there is nothing to say
_DIGITS = 16  # of a source


def sections(
    sources: Sources, skipped: Sequence[Entry], about: Mapping[str, str]
) -> dict[str, Any]:
    """What the template shows, by the names it has there; `skipped` are not in `sources`."""
    board, scored = sources.board, sources.scored()
    table = display_table(board)
    reasons: dict[str, list[str]] = {}
    for entry in skipped:
        for failure in entry.row.failures:
            reasons.setdefault(failure.message, []).append(entry.label)
    return {
        "board": board,
        "leader": scored[0].label if scored else None,
        "headline": _headline(sources, scored) if scored else "",
        "counts": _counts(sources, len(skipped)),
        "table": table,
        "rows": [_cells(board, place, table) for place in range(len(board.rows))],
        "ranked": board.ranked_by,
        "x": _scale([row.scores(board.aggregate).get(board.ranked_by) for row in board.rows]),
        "notes": [*board.notes, *_undrawn(board)],
        "skipped": reasons,
        "skipped_count": len(skipped),
        "provenance": _provenance(sources),
        "origins": [_origin(entry, about.get(entry.row.method, "")) for entry in sources.entries],
        "searches": [
            _searched(entry, one) for entry in sources.entries for one in entry.row.searches
        ],
        "audited": AUDITED,
        "audits": [_audited(entry) for entry in sources.entries],
    }


@dataclass(frozen=True)
class BoardCell:
    """A cell of the page's board: its text, what the script sorts it by, its interval if any."""

    text: str
    value: Cell
    interval: Interval | None


def _cells(board: Board, place: int, table: Table) -> dict[str, BoardCell]:
    """A row as the terminal has it, by column."""
    row, cells = board.rows[place], table.rows[place]
    scores = row.scores(board.aggregate)
    made = {}
    for column in table.columns:
        text, value = column.text(cells.get(column.key)), cells.get(column.key)
        if column.align == "right" and isinstance(value, str):  # `6 of 6`, `4-9`, `1,024 + 0`
            number = re.match(r"[\d,.]+", value)
            value = number[0].replace(",", "") if number else ""
        elif column.key == "declared":
            value = row.declared.composition
        interval = scores.get(column.key)
        made[column.key] = BoardCell(text or NONE, "" if value is None else value, interval)
    return made


def _scale(intervals: Sequence[Interval | None]) -> Callable[[float], str] | None:
    """Where a value stands in a drawing 120 wide; None for fewer than two different ends."""
    found = [(one.low, one.mean, one.high) for one in intervals if one is not None]
    ends = [value for three in found for value in three if value is not None]
    low, high = min(ends, default=0.0), max(ends, default=0.0)
    return (lambda value: f"{4 + 112 * (value - low) / (high - low):.1f}") if high > low else None


def _undrawn(board: Board) -> list[str]:
    return [
        f"{name}: no run recorded which way it is better, so that no chart shows it"
        for name in board.metrics
        if board.facts(name).usual and board.facts(name).higher_is_better is None
    ]


def _headline(sources: Sources, scored: Sequence[Entry]) -> str:
    """What is said of the leader: its score, and who is not told apart from it if that is known."""
    aggregate = sources.board.aggregate
    return (
        f" has the highest mean {title_of(RANKED_BY)}: {_words_of(_score(scored[0], aggregate))}. "
        f"{_rivals(sources.board)}{_single(scored, aggregate)}"
    )


def _score(entry: Entry, aggregate: Aggregate) -> Interval | None:
    return entry.row.scores(aggregate).get(RANKED_BY)


def _words_of(interval: Interval | None) -> str:
    alone = interval is not None and interval.n == 1
    return f"{interval_text(interval)}{' (one replicate: no interval)' if alone else ''}"


def _single(scored: Sequence[Entry], aggregate: Aggregate) -> str:
    """The best single model, where an ensemble leads: the two are not to be ranked together."""
    members = scored[0].row.declared.members
    if members == 1:
        return ""
    best = next((entry for entry in scored if entry.row.declared.members == 1), None)
    single = (
        f"; the best single model is {best.label}, {_words_of(_score(best, aggregate))}"
        if best
        else ""
    )
    return f" It is an ensemble of {members}{single}."


def _rivals(board: Board) -> str:
    """Which rows the leader, which is the first, is not told apart from."""
    telling = board.telling(RANKED_BY)
    pairs = [(row.label, telling.pair((0, place))) for place, row in enumerate(board.rows) if place]
    tested = [(label, pair) for label, pair in pairs if pair is not None]
    rivals = [label for label, pair in tested if pair.adjusted > LEVEL]
    if not tested:
        return ""
    if not rivals:
        return "It is told apart from every other."
    shown = ", ".join(rivals[:4]) + (f" and {len(rivals) - 4} more" if len(rivals) > 4 else "")
    return f"Not told apart from it: {shown}."


def _counts(sources: Sources, skipped: int) -> list[str]:
    """How much was measured."""
    board = sources.board
    done = max((len(entry.row.values(board.aggregate)) for entry in sources.entries), default=0)
    runs = [row.runs for row in board.rows]
    failed = sum(r.failed for r in runs)
    return [
        f"{len(board.rows)} methods",
        *([f"{skipped} skipped"] if skipped else []),
        f"{done} of {board.replicates} replicates",
        f"{board.folds} folds",
        f"{sum(r.done for r in runs):,} of {sum(r.expected for r in runs):,} runs done",
        *([f"{failed} failed"] if failed else []),
        *(["unlocked protocol"] if board.unlocked else []),
    ]


AUDITED = (
    "method",
    "steps",
    "images",
    "passes",
    "of them zero",
    "training s",
    "of it input",
    "run s",
    "cpu s",
    "peak MB",
    "trunk",
    "head",
    "objective",
    "initial weights",
    "batches",
)
"""What the core counted: the head of the table that has a row of `_audited` a method."""


def _audited(entry: Entry) -> list[str]:
    audits = [r.audit for r in entry.records if r.state == "done" and r.audit is not None]
    if not audits:
        return [entry.label, *[NONE] * 12, *_digests(entry)]
    processor = [a.processor_seconds for a in audits if a.processor_seconds is not None]
    return [
        entry.label,
        *(f"{fmean(vars(a)[name] for a in audits):,.0f}" for name in _COUNTS),
        _mean(a.training_seconds for a in audits),
        _input(audits),
        _mean(a.seconds for a in audits),
        _mean(processor) if processor else NONE,
        _peak(audits),
        *(f"{fmean(getattr(a.parameters, n) for a in audits):,.0f}" for n in _PARTS),
        *_digests(entry),
    ]


_COUNTS = ("steps", "images_embedded", "backward_passes", "zero_gradients")
_PARTS = ("trunk", "head", "objective")


def _digests(entry: Entry) -> list[str]:
    """The digests of the representative run: equal ones prove equal starts and equal batches."""
    record = entry.representative()
    found = (record.init_digest, record.batches_digest) if record else (None, None)
    return [(digest or NONE)[:8] for digest in found]


def _mean(seconds: Iterable[float]) -> str:
    return f"{fmean(seconds):,.1f}"


def _input(audits: Sequence[Audit]) -> str:
    """The mean share of the loop's time that its steps waited for their batches."""
    known = [a.input_share for a in audits if a.input_share is not None]
    return f"{fmean(known):.1%}" if known else NONE


def _peak(audits: Sequence[Audit]) -> str:
    known = [a.peak_memory_bytes for a in audits if a.peak_memory_bytes is not None]
    return f"{max(known) / 1e6:,.0f}" if known else NONE


def _provenance(sources: Sources) -> dict[str, str]:
    """Digests, versions and the machines that ran them."""
    board = sources.board
    records = [record for entry in sources.entries for record in entry.records]
    return {
        "protocol": f"{board.protocol}, digest {board.protocol_digest}",
        "dataset": f"{board.dataset}, digest {board.dataset_digest}",
        "overrides": ", ".join(board.unlocked) or "none: the protocol as published",
        "semantics": f"training {board.semantics.training}, "
        f"scoring {board.semantics.scoring or 'none yet'}",
        "runs": _dates(records),
        **_environments(records),
    }


def _origin(entry: Entry, sentence: str) -> list[str]:
    row = entry.row
    named = Markup("{}<small>{}</small>").format(entry.label, sentence)
    return [
        named if sentence else entry.label,
        row.distribution,
        row.version,
        row.source[:_DIGITS],
        _points(entry),
        ", ".join(row.chosen_by),
    ]


def _points(entry: Entry) -> str:
    """The hyperparameters; where searches found different ones, those of each with its seeds."""
    seeds: dict[str, set[int]] = {}
    for record in entry.records:
        point = _words(record.identity.hyperparameters)
        seeds.setdefault(point, set()).add(record.identity.seed)
    if len(seeds) < 2:
        return _words(entry.row.hyperparameters)
    return "; ".join(f"{point} (seeds {_listed(found)})" for point, found in seeds.items())


def _words(point: Hyperparameters) -> str:
    return ", ".join(f"{name}={value}" for name, value in point.items()) or "none"


def _listed(seeds: Iterable[int]) -> str:
    return ", ".join(str(seed) for seed in sorted(seeds))


def _dates(records: Sequence[Record]) -> str:
    if not records:
        return "none"
    return f"{min(r.started for r in records)} to {max(r.finished for r in records)}"


def _environments(records: Iterable[Record]) -> Mapping[str, str]:
    """Every value of each key of the environment, with its runs where there are several."""
    found: dict[str, Counter[str]] = {}
    for record in records:
        for key, value in record.environment.items():
            found.setdefault(key, Counter())[value] += 1
    return {
        key: next(iter(values))
        if len(values) == 1
        else "; ".join(
            f"{value} ({counted(count, 'run')})" for value, count in values.most_common()
        )
        for key, values in found.items()
    }


def _searched(entry: Entry, one: Searched) -> list[str]:
    return [
        entry.label,
        str(one.search),
        str(one.trials),
        str(one.failed),
        one.sampler,
        f"{title_of(one.metric)} {one.value:.3f}",
        str(one.best_trial + 1),
        "; ".join(f"{name}: {one.space.get(name, NONE)}" for name in one.on_bound) or "none",
        f"{one.seconds:,.0f}",
    ]
