"""Runs that are trained together in one process, from their seeds to their Records."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator, Sequence

from harness.apart import Died
from harness.apart.memory import NothingShared
from harness.data.dataset import DatasetChanged
from harness.execution.executor import Bench, Finished
from harness.execution.learning import Classmate, learn_together
from harness.execution.plan import PlannedRun
from harness.execution.run import Attempt, execute
from harness.training import spent_on


def execute_together(runs: Sequence[PlannedRun], bench: Bench) -> Iterator[Finished]:
    """Train runs of one method together and score each; one that is done is told at once.

    Whatever of them died, or could not be trained with the others for a reason that is not its own,
    is executed alone.
    """
    begun: deque[tuple[Attempt, Classmate]] = deque()
    for run in runs:
        course = Attempt(run, bench, together=len(runs))
        try:
            with spent_on(course.clock):
                course.begin()
        except (KeyboardInterrupt, NothingShared):
            raise
        except BaseException as error:
            yield Finished(run, course.failed(error), None)
            continue
        assert course.student is not None, "runs that train nothing are alone"
        begun.append((course, Classmate(course.student, course.fields, course.clock)))
    learn_together([classmate for _, classmate in begun])
    while begun:
        yield _ended(*begun.popleft(), bench)
        gc.collect()


def _ended(course: Attempt, classmate: Classmate, bench: Bench) -> Finished:
    run, failure, learnt = course.run, classmate.failure, classmate.learnt
    if learnt is None and (failure is None or isinstance(failure, Died)):
        return Finished(run, *execute(run, bench))
    if learnt is None:
        assert failure is not None
        return Finished(run, course.failed(failure), None)
    try:
        with spent_on(course.clock):
            arrays = course.score(learnt)
    except (KeyboardInterrupt, NothingShared, DatasetChanged):
        raise
    except BaseException as error:
        return Finished(run, course.failed(error), None)
    return Finished(run, course.done(), arrays)
