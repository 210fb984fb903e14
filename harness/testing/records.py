"""`make_record`: a Record as a finished run leaves it, without training anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.record import Audit, Declared, Frozen, Identity, Parameters, Record, Scores

_IDENTITY: Mapping[str, Any] = {
    "protocol": "smoke",
    "protocol_digest": "p" * 64,
    "unlocked": (),
    "dataset": "glyphs",
    "dataset_digest": "d" * 64,
    "distribution": "methods",
    "version": "1",
    "source": "s" * 64,
    "hyperparameters": {},
    "training_semantics": 1,
}
_DECLARED: Mapping[str, Any] = {
    "composition": "balanced",
    "views": 1,
    "labels": "all",
    "members": 1,
    "setting": "any",
}
_SCORES: Mapping[str, Any] = {"semantics": 1, "queries": 6, "singletons": 0, "collapsed": False}
_AUDIT: Mapping[str, Any] = {
    "steps": 10,
    "images_embedded": 320,
    "backward_passes": 10,
    "zero_gradients": 0,
    "training_seconds": 2.0,
    "seconds": 3.0,
    "peak_memory_bytes": None,
    "parameters": Parameters(trunk=100, head=20, objective=5),
}
_RECORD: Mapping[str, Any] = {
    "folds": 1,
    "replicates": 3,
    "chosen_by": "default",
    "state": "done",
    "started": "2025-01-01T00:00:00+00:00",
    "finished": "2025-01-01T00:00:05+00:00",
}


def make_record(
    method: str = "toy",
    seed: int = 0,
    fold: int = 0,
    values: Mapping[str, float] | float | None = 0.25,
    **varied: Any,
) -> Record:
    """A Record of a run that never was, anything of which can be varied.

    `values`: the scores by name, or MAP@R alone; None for a run that was not scored. `identity`,
    `declared`, `scores` and `audit` are what differs in those parts, or the part itself, or None;
    every other keyword is a field of the Record.
    """
    if isinstance(values, float | int):
        values = {"map_at_r": values}
    who = {"method": method, "seed": seed, "fold": fold}
    unscored: dict[str, Any] | None = {} if values is not None else None
    parts = {
        "identity": _part(Identity, {**_IDENTITY, **who}, varied.pop("identity", {})),
        "declared": _part(Declared, _DECLARED, varied.pop("declared", {})),
        "scores": _part(Scores, {**_SCORES, "values": values}, varied.pop("scores", unscored)),
        "audit": _part(Audit, _AUDIT, varied.pop("audit", {})),
    }
    return Record(**{**_RECORD, **parts, **varied})


def _part(kind: type[Frozen], plain: Mapping[str, Any], given: Any) -> Frozen | None:
    return kind(**{**plain, **given}) if isinstance(given, Mapping) else given
