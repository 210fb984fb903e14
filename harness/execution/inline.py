"""One run after the other, in this process."""

from __future__ import annotations

from harness.execution.executor import Finished, Stages, Started, Work
from harness.execution.machine import set_threads
from harness.execution.run import execute
from harness.execution.warming import warm


def execute_inline(work: Work) -> Stages:
    """Execute the runs here: one that hangs or kills the process does so to the session."""
    if not work.runs:
        return
    set_threads(work.settings.threads)
    with warm():
        for run in work.runs:
            if work.draining.is_set():
                return
            yield Started(run)
            yield Finished(run, *execute(run, work.bench))
