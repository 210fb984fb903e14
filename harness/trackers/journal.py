"""A log of JSON lines: one when a run begins, and one with its whole Record when it ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import hookimpl
from harness.record import Identity, Record


class Journal:
    """Appends to a file, a line at a time; each is written out before the next run begins.

    `{"event": "started", "time": ..., "run": ..., "identity": {...}}` and
    `{"event": "finished", "time": ..., "run": ..., "record": {...}}`; times are ISO 8601, UTC.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    @hookimpl
    def bench_run_started(self, identity: Identity) -> None:
        """Log that a run begins."""
        self._write("started", identity.run_id, identity=identity.model_dump(mode="json"))

    @hookimpl
    def bench_run_finished(self, record: Record) -> None:
        """Log what a run left behind."""
        self._write("finished", record.run_id, record=record.model_dump(mode="json"))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, event: str, run: str, **more: Any) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"event": event, "time": time, "run": run, **more}) + "\n")
