"""What trackers show of a run: curves by step, scores and costs, and who it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.artifacts import Arrays, RunArray

if TYPE_CHECKING:
    from harness.record import Record


def run_folder(record: Record) -> Path:
    """The folder of a run below that of all runs."""
    identity = record.identity
    of_trial = (
        () if identity.trial is None else (f"search-{identity.search}", f"trial-{identity.trial}")
    )
    run = f"seed-{identity.seed}-fold-{identity.fold}-{record.run_id[:8]}"
    return Path(identity.dataset, identity.method, *of_trial, run)


def curves(record: Record, arrays: Arrays) -> Iterator[tuple[str, int, float]]:
    """Name, step and value: `loss` of each step, `validation/METRIC` where it was measured."""
    for step, loss in enumerate(arrays.get(RunArray.LOSSES, ())):
        yield "loss", step, float(loss)
    if record.selected is not None:
        for step, value in record.selected.history:
            yield f"validation/{record.selected.metric}", step, value


def results(record: Record) -> dict[str, float]:
    """`scores/METRIC`, with those of plugins, and `cost/...`, as far as there are any."""
    found: dict[str, float] = {}
    if record.scores is not None:
        extra = {name: value for name, value in record.scores.extra.items() if value is not None}
        found |= {
            f"scores/{name}": value for name, value in {**record.scores.values, **extra}.items()
        }
    if record.audit is not None:
        found["cost/training_seconds"] = record.audit.training_seconds
        found["cost/images_embedded"] = record.audit.images_embedded
    return found


def facts(record: Record) -> dict[str, Any]:
    """Who the run was: what its id is made of that people ask for, and how it ended."""
    identity = record.identity
    known = {
        name: getattr(identity, name)
        for name in ("protocol", "dataset", "method", "version", "seed", "fold", "trial")
    }
    point = {f"hyperparameters/{name}": v for name, v in identity.hyperparameters.items()}
    reason = f"{record.reason.kind}: {record.reason.message}" if record.reason else None
    found = {**known, **point, "run": record.run_id, "state": record.state, "reason": reason}
    return {name: value for name, value in found.items() if value is not None}
