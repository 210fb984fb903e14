"""The digest of a dataset on disk, kept beside it: reading all of it each time would take long."""

from __future__ import annotations

import json
from pathlib import Path

from harness.artifacts import write_whole
from harness.data.dataset import Dataset, MappedArray

_FILE = "digest.json"


def know_digest(dataset: Dataset) -> None:
    """Give a dataset on disk the digest that was measured when its file was as it is now.

    Where there is none it is measured and kept. A dataset in memory is left as it is.
    """
    inputs = dataset.inputs
    if not isinstance(inputs, MappedArray) or inputs.path is None:
        return
    facts = inputs.path.stat()
    now = {"size": facts.st_size, "modified": facts.st_mtime_ns}
    kept = _kept(inputs.path)
    if {key: kept.get(key) for key in now} == now and isinstance(kept.get("digest"), str):
        # Where `cached_property` would put it.
        dataset.__dict__["digest"] = kept["digest"]
        return
    place = inputs.path.with_name(_FILE)
    write_whole(place, json.dumps({**now, "digest": dataset.digest}).encode())


def _kept(path: Path) -> dict[str, object]:
    try:
        kept = json.loads(path.with_name(_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
