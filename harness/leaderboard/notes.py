"""The sentences under a leaderboard: what a reader must know before comparing two rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.leaderboard.board import Aggregate, Row
from harness.leaderboard.rows import UNLOCKED
from harness.record import Record


def board_notes(
    records: Sequence[Record], rows: Sequence[Row], hidden: Iterable[str], aggregate: Aggregate
) -> tuple[str, ...]:
    """All notes of a board, the gravest first."""
    return (
        *_unlocked(records),
        *_failures(rows),
        *_marks(rows),
        *_few_replicates(rows, aggregate),
        *_singletons(records),
        *hidden,
    )


def _unlocked(records: Sequence[Record]) -> Iterator[str]:
    names = records[0].identity.unlocked
    if names:
        yield (
            f"unlocked protocol: {', '.join(names)} not as published; "
            "these rows cannot be gated or published"
        )


def _failures(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        for failure in row.failures:
            runs = "run" if failure.count == 1 else "runs"
            yield (
                f"{row.label}: {failure.count} {runs} {failure.state} ({failure.kind}): "
                f"{_first_line(failure.message)}"
            )


def _marks(rows: Sequence[Row]) -> Iterator[str]:
    marked: dict[str, list[str]] = {}
    for row in rows:
        for flag in row.flags:
            marked.setdefault(flag, []).append(row.label)
    marked.pop(UNLOCKED, None)  # of the whole board, and said above
    for flag, labels in marked.items():
        yield f"{flag}: {', '.join(labels)}"
    if any(row.declared.members > 1 for row in rows):
        yield "an ensemble is not to be ranked against single models"


def _few_replicates(rows: Sequence[Row], aggregate: Aggregate) -> Iterator[str]:
    tried = [row for row in rows if row.runs.done or row.runs.failed]
    counts = [max((i.n for i in row.scores(aggregate).values()), default=0) for row in tried]
    if 0 in counts:
        yield "no scores: no replicate has all its folds" + (
            " joined" if aggregate == "concatenated" else " done"
        )
    if 1 in counts:
        yield "one replicate: no interval"


def _singletons(records: Iterable[Record]) -> Iterator[str]:
    most = max((r.scores.singletons for r in records if r.scores is not None), default=0)
    if most:
        yield f"{most} test images have no other of their class and are no queries"


def _first_line(message: str) -> str:
    lines = message.strip().splitlines()
    return lines[0] if lines else "no message"
