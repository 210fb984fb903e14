"""A journal of runs, for whoever sets ACME_JOURNAL to the path of a file."""

from __future__ import annotations

import json
import os
from pathlib import Path


def note(event: str, **facts: object) -> None:
    """Add a line of JSON to the journal, if there is one."""
    path = os.environ.get("ACME_JOURNAL")
    if path:
        with Path(path).open("a") as file:
            file.write(json.dumps({"event": event, **facts}) + "\n")
