"""The remarks under a leaderboard: what a reader must know before comparing two rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.leaderboard.board import Aggregate, Row
from harness.leaderboard.rows import UNLOCKED
from harness.store.excerpt import Excerpt

_BY_CHANCE = 0.1
"""By how much NMI is above AMI, which is corrected for chance, when a reader must be warned."""


def board_remarks(
    runs: Sequence[Excerpt], rows: Sequence[Row], hidden: Iterable[str], aggregate: Aggregate
) -> tuple[str, ...]:
    """All remarks of a board, the gravest first."""
    return (
        *_marks(rows),
        *_few_replicates(rows, aggregate),
        *_singletons(runs),
        *_nmi_by_chance(rows, aggregate),
        *hidden,
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
