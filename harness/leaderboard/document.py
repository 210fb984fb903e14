"""A leaderboard as the JSON document that programs read."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from harness.leaderboard.board import Cost, Intervals, Leaderboard, Row


def leaderboard_document(board: Leaderboard) -> dict[str, Any]:
    """The board as plain data: no NaN, no infinity (None instead), keys in a fixed order."""
    return {
        "protocol": board.protocol,
        "protocol_digest": board.protocol_digest,
        "dataset": board.dataset,
        "dataset_digest": board.dataset_digest,
        "unlocked": list(board.unlocked),
        "semantics": dataclasses.asdict(board.semantics),
        "folds": board.folds,
        "replicates": board.replicates,
        "ranked_by": {"metric": "map_at_r", "aggregate": board.aggregate},
        "notes": list(board.notes),
        "rows": [_row(row) for row in board.rows],
    }


def leaderboard_json(board: Leaderboard) -> str:
    """The document as JSON text, ended by a newline."""
    document = leaderboard_document(board)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _row(row: Row) -> dict[str, Any]:
    return {
        "method": row.method,
        "ties": row.ties,
        "metrics": _intervals(row.metrics),
        "concatenated": _intervals(row.concatenated),
        "class_means": _intervals(row.class_means),
        "runs": dataclasses.asdict(row.runs),
        "failures": [dataclasses.asdict(failure) for failure in row.failures],
        "audit": _cost(row.cost),
        "distribution": row.distribution,
        "version": row.version,
        "source": row.source,
        "hyperparameters": {name: _finite(v) for name, v in row.hyperparameters.items()},
        "chosen_by": list(row.chosen_by),
        "declared": row.declared.model_dump(),
        "flags": list(row.flags),
    }


def _intervals(intervals: Intervals) -> dict[str, Any]:
    return {
        name: {key: _finite(value) for key, value in dataclasses.asdict(interval).items()}
        for name, interval in intervals.items()
    }


def _cost(cost: Cost | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    values = dataclasses.asdict(cost)
    parts = {name: values.pop(f"{name}_parameters") for name in ("trunk", "head", "objective")}
    plain = {key: _finite(value) for key, value in values.items()}
    return {**plain, "parameters": {**parts, "total": cost.parameters}}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
