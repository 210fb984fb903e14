"""The Record of a run whose process was ended or ended itself: nothing of it came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from harness.execution.machine import environment
from harness.execution.plan import PlannedRun
from harness.execution.run import Bench
from harness.record import Reason, ReasonKind, Record


def record_of_ended(
    run: PlannedRun,
    bench: Bench,
    *,
    kind: ReasonKind,
    message: str,
    started: datetime,
    facts: Mapping[str, str] | None = None,
) -> Record:
    """A failed Record with what is known from outside.

    `facts`: the environment it ran in, if that is not this process's.
    """
    return Record(
        identity=run.identity,
        declared=run.entrant.declared(bench.protocol),
        chosen_by=run.entrant.chosen_by,
        searched=run.entrant.searched,
        folds=bench.protocol.split.folds,
        replicates=bench.protocol.replicates,
        looks=bench.protocol.looks,
        state="failed",
        reason=Reason(kind=kind, message=message),
        environment=environment(bench.device) if facts is None else dict(facts),
        started=started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )
