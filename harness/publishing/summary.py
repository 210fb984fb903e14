"""The means and intervals that a publication shows: recomputed from its runs, and rounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.publishing.model import Summary
from harness.record import Concatenation, Record
from harness.results.replicates import (
    complete_replicates,
    concatenated,
    joined_values,
    separated,
)
from harness.statistics import Interval
from harness.store.excerpt import excerpts_of

_DECIMALS = 6


def summaries(
    records: Sequence[Record], joined: Iterable[Concatenation]
) -> tuple[Summary, Summary]:
    """Intervals over the complete replicates of one row: of separate and of joined folds."""
    complete = complete_replicates(excerpts_of(records), records[0].folds)
    known = {concatenation.run_ids: concatenation for concatenation in joined}
    joined_folds = joined_values(complete, known)
    return _summary(separated(complete)), _summary(concatenated(joined_folds))


def _summary(intervals: Mapping[str, Interval]) -> Summary:
    return {
        name: (_round(found.mean), _round(found.low), _round(found.high), found.n)
        for name, found in sorted(intervals.items())
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS) + 0.0
