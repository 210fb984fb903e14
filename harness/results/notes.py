"""The sentences under a board: those of the rows that are shown, and those of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.errors import counted
from harness.record import ELSEWHERE, Searched
from harness.results.board import Aggregate, Board, Failure, Row
from harness.results.key import ENVIRONMENT, TOGETHER, commons, facts_of, grouped
from harness.results.replicates import Intervals, look_notes
from harness.store.excerpts import Excerpt

UNLOCKED = "unlocked"
_BY_CHANCE = 0.1
"""By how much NMI is above AMI, which is corrected for chance, when a reader must be warned."""
_FOR_TESTS = "smoke"
"""The published protocol that trains too little for its scores to be compared."""


def notes_of(board: Board, rows: Sequence[Row]) -> tuple[str, ...]:
    """What a reader of these rows of a board must know, the gravest first."""
    return (
        *_unlocked_notes(board),
        *failure_notes((row.label, row.failures) for row in rows),
        *_for_tests_notes(board),
        *_mark_notes(rows),
        *_few_replicates(board, rows),
        *board.remarks,
    )


def caution_notes(board: Board) -> tuple[str, ...]:
    """Why no score of a board is to be quoted: overridden values, a protocol for tests."""
    return (*_unlocked_notes(board), *_for_tests_notes(board))


def _unlocked_notes(board: Board) -> tuple[str, ...]:
    if not board.unlocked:
        return ()
    return (
        f"unlocked protocol: {', '.join(board.unlocked)} not as published; these rows cannot be "
        "gated or published",
    )


def _for_tests_notes(board: Board) -> tuple[str, ...]:
    if board.protocol != _FOR_TESTS:
        return ()
    return (f"protocol '{board.protocol}' is for tests: its scores mean nothing",)


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
        return f"{named}: {counted(total, 'run')}"
    each = " each" if len(counts) > 1 else ""
    return f"{', '.join(counts)}: {first} {'run' if first == 1 else 'runs'}{each}"


def _first_line(message: str) -> str:
    lines = message.strip().splitlines()
    return lines[0] if lines else "no message"


def _images_ratio(runs: Iterable[Excerpt], members: int) -> float | None:
    """How many times the images of its batches a row embedded or was handed, whichever is more.

    None where no run knows how many those are, or there were none. What a method reads from its
    view of the training part comes beside the batches; an ensemble embeds an image once a member.
    """
    known = [run.spent for run in runs if run.spent is not None and run.spent.images_drawn]
    drawn = sum(one.images_drawn or 0 for one in known)
    embedded = sum(one.images_embedded for one in known) / members
    handed = drawn + sum(one.images_read for one in known)
    return max(embedded, handed) / drawn if drawn else None


def flags_of(
    runs: Sequence[Excerpt], metrics: Intervals, replicates: int, searches: Sequence[Searched]
) -> tuple[str, ...]:
    """Marks of a row: what a reader must know beside its numbers."""
    found = commons(runs)
    elsewhere = found[0].identity.distribution == ELSEWHERE
    flags: list[str] = ["not trained here: one run of another system"] if elsewhere else []
    members = found[0].declared.members
    if members > 1:
        flags.append(f"ensemble of {members}")
    images = _images_ratio(runs, members)
    if images is not None and round(images, 1) > 1:
        flags.append(f"{images:.1f}x images")
    collapsed = sum(run.collapsed for run in runs)
    if collapsed:
        flags.append(f"collapsed in {collapsed} of {len(runs)} runs")
    initial = sum(run.initial for run in runs)
    if initial:
        flags.append(f"kept its initial weights in {initial} of {len(runs)} runs")
    if any(common.chosen_by == "given" for common in found):
        flags.append("hyperparameters by hand")
    flags += _search_flags(searches)
    flags += [
        f"{name} missing in {replicates - interval.n} of {replicates} replicates"
        for name, interval in metrics.items()
        if interval.n < replicates
    ]
    if found[0].identity.unlocked:
        flags.append(UNLOCKED)
    return tuple(dict.fromkeys(flags))


def _search_flags(searches: Sequence[Searched]) -> Iterator[str]:
    if len(searches) > 1:
        yield f"{len(searches)} searches: seeds and not runs are its units"
    for search in searches:
        if search.on_bound:
            yield f"best on a bound: {', '.join(search.on_bound)}"
        if search.failed:
            yield f"{search.failed} of {search.trials} trials failed"


def remarks_of(
    runs: Sequence[Excerpt], rows: Sequence[Row], aggregate: Aggregate, looks: Sequence[int]
) -> Iterator[str]:
    """What a reader must know before comparing two rows, the gravest first."""
    yield from look_notes([row.looked for row in rows], looks)
    yield from _singletons(runs)
    yield from _nmi_by_chance(rows, aggregate)


def _singletons(runs: Iterable[Excerpt]) -> Iterator[str]:
    most = max((run.singletons for run in runs), default=0)
    if most:
        yield f"{most} test images have no other of their class and are no queries"


def _nmi_by_chance(rows: Iterable[Row], aggregate: Aggregate) -> Iterator[str]:
    """Warn of an NMI that any clustering into so many clusters has (docs/metrics.md)."""
    means: list[tuple[float, float]] = []
    for scores in (row.scores(aggregate) for row in rows):
        nmi, ami = (scores[name].mean if name in scores else None for name in ("nmi", "ami"))
        if nmi is not None and ami is not None:
            means.append((nmi, ami))
    nmi, ami = max(means, key=lambda pair: pair[0] - pair[1], default=(0.0, 0.0))
    if nmi - ami >= _BY_CHANCE:
        yield f"NMI is high by chance alone, here {nmi:.3f} at an AMI of {ami:.3f}: compare AMI"


def environment_notes(runs: Sequence[Excerpt]) -> Iterator[str]:
    """Facts of the environment that are not the same for all runs: each may move a score."""
    found = grouped(runs, id)
    for name, words, get in facts_of("noted"):
        if name not in ENVIRONMENT or name == TOGETHER:  # which has a note of its own
            continue
        counts: dict[str, int] = {}
        for own in found.values():
            value = get(own[0].common)
            if value is not None:
                counts[value] = counts.get(value, 0) + len(own)
        if len(counts) > 1:
            listed = ", ".join(
                f"{value} ({counted(count, 'run')})" for value, count in counts.items()
            )
            yield f"not all runs are of one {words}: {listed}"
