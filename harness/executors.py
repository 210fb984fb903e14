"""For authors of executors: what one is given, what it yields, and how a run travels.

`execute(run, bench)` executes a run and never raises for what a method does. `pack(run)` makes
bytes of it, and `unpack` a run again where the same plugins are installed.
"""

from harness.execution.crossing import pack, unpack
from harness.execution.executor import Bench, Finished, Settings, Stage, Stages, Started, Work
from harness.execution.plan import PlannedRun
from harness.execution.run import execute
from harness.extension import Executor

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
    "pack",
    "unpack",
]
