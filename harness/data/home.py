"""Where datasets are kept on this machine: what was added, and what was decoded."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "BENCH_DATA"


def data_home() -> Path:
    """The folder of all dataset files: $BENCH_DATA, or the platform's cache folder."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    import pooch

    return Path(pooch.os_cache("metric-learning-bench"))


def sources_folder(family: str) -> Path:
    """Where the files of a dataset lie as they were published."""
    return data_home() / "sources" / family


def cache_folder() -> Path:
    """Where decoded datasets lie, to be mapped into memory."""
    return data_home() / "decoded"
