"""For authors of executors: what one is given, what it yields, and how a run travels.

`execute(run, bench)` executes a run and never raises for what a method does. `pack(run)` makes
bytes of it, and `unpack` a run again where the same plugins are installed. `work.groups` are the
runs as `--together` wants them, and `execute_group(runs, bench)` yields a `Finished` for each of
a group; an executor that takes `work.runs` one by one trains each alone.
"""

from harness.execution.crossing import pack, unpack
from harness.execution.executor import (
    Bench,
    Finished,
    Settings,
    Stage,
    Stages,
    Started,
    Work,
    execute_group,
)
from harness.execution.plan import PlannedRun
from harness.execution.run import execute
from harness.hookspecs import Executor

__all__ = [
    "Bench",
    "Executor",
    "Finished",
    "PlannedRun",
    "Settings",
    "Stage",
    "Stages",
    "Started",
    "Work",
    "execute",
    "execute_group",
    "pack",
    "unpack",
]
