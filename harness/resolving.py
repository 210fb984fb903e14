"""`stages`: a plan run from look to look, seeds going to the methods that may still be the best."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.execution.plan import Plan
    from harness.results import Board

_USUAL = (3, 5)


def usual_looks(replicates: int) -> tuple[int, ...]:
    """The looks of a protocol that names none: at 3, 5 and all replicates, or 2 and 3.

    Raises UserError for fewer than three replicates.
    """
    if replicates < 3:
        raise UserError(
            f"--resolve: the protocol has {replicates} replicates: none to look after before the "
            "last (needed: 3)"
        )
    between = [look for look in _USUAL if look < replicates]
    return (*(between or [2]), replicates)


def stages(whole: Plan, board: Callable[[], Board | None]) -> Iterator[tuple[int | None, Plan]]:
    """What there is to run until each of the protocol's looks, and that look; None for all at once.

    Take one, run it, take the next: `board` is asked in between which methods may be the best.
    They alone go on, and nobody does once at most one row may be. A row without any complete
    replicate does not go on either.
    """
    looks = whole.protocol.looks
    if not looks:
        yield None, whole
        return
    last = 1 + max((replicate.seed for replicate in whole.replicates), default=0)
    going = {replicate.entrant.name for replicate in whole.replicates}
    until: dict[str, int] = {}
    for look in looks:
        if look > last or not going:
            return
        until |= dict.fromkeys(going, look)
        kept = tuple(one for one in whole.replicates if one.seed < until[one.entrant.name])
        yield look, replace(whole, replicates=kept)
        going = _may_be_best(whole, board())


def _may_be_best(plan: Plan, board: Board | None) -> set[str]:
    rows = board.rows if board else ()
    best = [row for row in rows if row.fold_values and row.best is not False]
    if len(best) < 2:
        return set()
    ids = {run_id for row in best for run_id in row.members}
    return {run.entrant.name for run in plan.runs if run.run_id in ids}
