"""The sentences under a board: those of the rows that are shown, and those of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.results.board import Board, Failure, Row

UNLOCKED = "unlocked"
_FOR_TESTS = "smoke"
"""The published protocol that trains too little for its scores to be compared."""


def notes_of(board: Board, rows: Sequence[Row]) -> tuple[str, ...]:
    """What a reader of these rows of a board must know, the gravest first."""
    return (
        *_unlocked(board),
        *failure_notes((row.label, row.failures) for row in rows),
        *_meaningless(board.protocol),
        *_mark_notes(rows),
        *_few_replicates(board, rows),
        *board.remarks,
    )


def _unlocked(board: Board) -> Iterator[str]:
    if board.unlocked:
        yield (
            f"unlocked protocol: {', '.join(board.unlocked)} not as published; "
            "these rows cannot be gated or published"
        )


def _meaningless(protocol: str) -> Iterator[str]:
    if protocol == _FOR_TESTS:
        yield f"protocol '{protocol}' is for tests: its scores mean nothing"


def _mark_notes(rows: Sequence[Row]) -> Iterator[str]:
    marked: dict[str, list[str]] = {}
    for row in rows:
        for flag in row.flags:
            marked.setdefault(flag, []).append(row.label)
    marked.pop(UNLOCKED, None)  # of the whole board, and said above
    for flag, labels in marked.items():
        yield f"{flag}: {', '.join(labels)}"
    yield from _saw_more(rows)
    if any(row.declared.members > 1 for row in rows):
        yield "an ensemble is not to be ranked against single models"


def _saw_more(rows: Sequence[Row]) -> Iterator[str]:
    """Who learned from other labels than the class, which most rows do not see."""
    told: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row.declared.label_sets:
            told.setdefault(row.declared.label_sets, []).append(row.label)
    for given, labels in told.items():
        yield f"learned from {', '.join(given)} beside the class: {', '.join(labels)}"


def _few_replicates(board: Board, rows: Sequence[Row]) -> Iterator[str]:
    def replicates(row: Row) -> int:
        return max((one.n for one in row.scores(board.aggregate).values()), default=0)

    tried = [row for row in rows if row.runs.done or row.runs.failed]
    counts = [replicates(row) for row in tried]
    most = max(map(replicates, board.rows), default=0)
    few = [
        f"{row.label} ({count} of {most})"
        for row, count in zip(tried, counts, strict=True)
        if 0 < count < most and count != row.looked
    ]
    if few:
        yield f"fewer replicates than others, so below them: {', '.join(few)}"
    if 0 in counts:
        yield "no scores: no replicate has all its folds" + (
            " joined" if board.aggregate == "concatenated" else " done"
        )
    if 1 in counts:
        yield "one replicate: no interval"


def failure_notes(rows: Iterable[tuple[str, Iterable[Failure]]]) -> tuple[str, ...]:
    """One sentence for each reason, naming the rows that it befell; `rows`: label and Failures."""
    groups: dict[tuple[str, str, str], dict[str, int]] = {}
    for label, failures in rows:
        for failure in failures:
            reason = (failure.state, failure.kind, _first_line(failure.message))
            groups.setdefault(reason, {})[label] = failure.count
    return tuple(
        f"{_counted(counts)} {state} ({kind}): {message}"
        for (state, kind, message), counts in groups.items()
    )


def _counted(counts: dict[str, int]) -> str:
    """`a: 4 runs`, `a, b: 4 runs each` or `a (4), b (1): 5 runs`."""
    first, total = next(iter(counts.values())), sum(counts.values())
    if any(count != first for count in counts.values()):
        named = ", ".join(f"{label} ({count})" for label, count in counts.items())
        return f"{named}: {total} runs"
    each = " each" if len(counts) > 1 else ""
    return f"{', '.join(counts)}: {first} {'run' if first == 1 else 'runs'}{each}"


def _first_line(message: str) -> str:
    lines = message.strip().splitlines()
    return lines[0] if lines else "no message"
