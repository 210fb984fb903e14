"""History: boards over time, and where a method changed. Knows no torch."""

from harness.history.change_points import change_points
from harness.history.collecting import (
    Collected,
    Snapshot,
    from_folder,
    from_git,
    from_store,
    in_git,
)
from harness.history.series import history_table, series_of

__all__ = [
    "Collected",
    "Snapshot",
    "change_points",
    "from_folder",
    "from_git",
    "from_store",
    "history_table",
    "in_git",
    "series_of",
]
