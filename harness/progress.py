"""Watching a session: a live board on a terminal, one cell's output in a notebook, else lines."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from html import escape
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import escaped
from harness.execution.plan import Estimate, Guess, learnt_estimate
from harness.execution.session import RunEnded, RunStarted
from harness.session import Planned, SearchStarted
from harness.table import duration

if TYPE_CHECKING:
    from harness.execution.plan import PlannedRun
    from harness.record import Record
    from harness.session import Event, Session

UNKNOWN = Guess(training=math.nan, rest=0.0)
"""Of a run that trains, until one has ended; the others take next to nothing beside it."""
RENEWED_EVERY = 0.5
"""Seconds between two looks of a notebook's cell."""
SAID = "bench: finishing what runs, then stopping; Ctrl-C again stops now\n"


def watch(session: Session) -> None:
    """Run a session and show how it goes.

    Raises KeyboardInterrupt when Ctrl-C left runs undone.
    """
    progress = Progress(session)
    screen = _screen(progress)
    try:
        with ExitStack() as stack:
            stack.enter_context(draining_on_ctrl_c(session.draining))
            events = stack.enter_context(closing(iter(session)))  # type: ignore[type-var]
            stack.enter_context(screen.open())
            for event in events:
                progress.note(event)
                screen.show(event)
        if session.stopped:
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        say("bench: stopped; the same command goes on from here")
        raise


def say(line: str) -> None:
    """Write lines on standard error, control characters escaped."""
    sys.stderr.write(f"{escaped(line)}\n")
    sys.stderr.flush()


@contextmanager
def draining_on_ctrl_c(draining: threading.Event) -> Iterator[None]:
    """Have the first Ctrl-C, or request to end (SIGTERM), set `draining`; the second stops now.

    Stopping raises KeyboardInterrupt. Where a signal is ignored, as Ctrl-C is in a shell's
    background jobs, or this is not the main thread, it stays as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        if draining.is_set():
            signal.default_int_handler(number, frame)
        draining.set()
        # Not by print: this may interrupt a print.
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, SAID.encode())

    usual: dict[int, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
    }
    heard = [number for number, handler in usual.items() if signal.getsignal(number) is handler]
    for number in heard:
        signal.signal(number, interrupted)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, usual[number])


@dataclass(frozen=True)
class Running:
    """A run that was begun, and when."""

    run: PlannedRun
    since: float = field(default_factory=time.perf_counter)


@dataclass
class Progress:
    """How far a session is: in its search, `trials` a method, and then in the runs `todo`."""

    session: Session
    trials: int = 0
    total: int = 0
    todo: tuple[PlannedRun, ...] = ()
    ended: set[str] = field(default_factory=set)
    running: dict[str, Running] = field(default_factory=dict)
    at_a_time: int = 1
    estimate: Estimate = field(default_factory=lambda: Estimate(UNKNOWN))

    def note(self, event: Event) -> None:
        """Take an event into account."""
        if isinstance(event, SearchStarted):
            self.trials = event.trials
        elif isinstance(event, Planned):
            self.todo, self.total = event.todo, len(event.plan.runs)
            self.ended.clear()
            self.estimate = learnt_estimate(self.session.recorded(), UNKNOWN)
        elif isinstance(event, RunStarted):
            self.running[event.run.run_id] = Running(event.run)
            self.at_a_time = max(self.at_a_time, len(self.running))
        elif isinstance(event, RunEnded):
            self.running.pop(event.run.run_id, None)
            if not is_trial(event):
                self.ended.add(event.run.run_id)
                self.estimate.learn(event.record)

    def left(self) -> float:
        """Estimated seconds until the plan is done; NaN while no run that trains has ended."""
        waiting = [run for run in self.todo if run.run_id not in self.ended]
        spent = sum(time.perf_counter() - one.since for one in self.running.values())
        seconds = self.estimate.seconds(waiting)
        return seconds if math.isnan(seconds) else max(0.0, seconds - spent) / self.at_a_time

    def _told_left(self, before: str) -> str:
        left = self.left()
        return f"{before}about {duration(left)} left" if left >= 0.5 else ""

    def headline(self) -> str:
        """What is run, how many of how many, time left, and what runs now."""
        rules = self.session.plan.protocol
        now = self.running_now()
        told = f"{rules.name} on {rules.dataset}: {self.how_far()}"
        return f"{told} · {now}" if now else told

    def how_far(self) -> str:
        """How many of how many, and time left; that it starts, before the first began."""
        if not self.total:
            return "searching" if self.session.plan.protocol.search.trials else "starting"
        count = f"{len(self.ended)} of {len(self.todo)} runs"
        if not self.running:
            return count if self.ended or not self.todo else f"{count} · starting"
        return f"{count}{self._told_left(' · ')}"

    def running_now(self) -> str:
        """A run that was begun and how many more; nothing between runs."""
        # A copy: the screen asks from a thread of its own.
        running = list(self.running.values())
        if not running:
            return ""
        others = f" and {len(running) - 1} more" if len(running) > 1 else ""
        return f"{describe(running[0].run)}{others}"

    def lines(self, event: Event) -> list[str]:
        """What an event says to somebody who reads lines."""
        rules = self.session.plan.protocol
        if isinstance(event, SearchStarted):
            return [f"searching: {event.trials} trials for each of {event.searches} searches"]
        if isinstance(event, Planned):
            todo = f"{len(event.todo)} of {len(event.plan.runs)} runs to do"
            until = f" until the look at {event.look} seeds" if event.look else ""
            return [f"{rules.name} on {rules.dataset}: {todo}{until}"]
        if not isinstance(event, RunEnded):
            return []
        if is_trial(event):
            return [self._trial(event)]
        done = f"[{len(self.ended)}/{len(self.todo)}] {describe(event.run)}"
        return [f"{done}: {outcome(event.record)}{self._told_left('; ')}"]

    def _trial(self, event: RunEnded) -> str:
        identity, record = event.run.identity, event.record
        value = "" if record.validation is None else f" {record.validation:.3f}"
        reason = f": {record.reason.message}" if record.reason else ""
        number = 1 + (identity.trial or 0)
        return (
            f"[trial {number}/{self.trials}] {identity.method}, fold {identity.fold}: "
            f"{record.state}{value}{reason}"
        )


def is_trial(event: RunEnded) -> bool:
    """Whether the run was one of a search's trials."""
    return event.run.identity.trial is not None


def describe(run: PlannedRun) -> str:
    """A run in words."""
    return f"{run.identity.method}, seed {run.identity.seed}, fold {run.identity.fold}"


def outcome(record: Record) -> str:
    """How a run ended, in words."""
    if record.scores is not None and record.audit is not None:
        value = record.scores.values["map_at_r"]
        return f"MAP@R {value:.3f} in {record.audit.seconds:.1f} s"
    reason = record.reason
    return f"{record.state}: {reason.kind}: {reason.message}" if reason else record.state


class Screen(Protocol):
    """Where progress is shown."""

    @contextmanager
    def open(self) -> Iterator[None]:
        """Show progress while inside."""
        ...

    def show(self, event: Event) -> None:
        """Show an event, which the progress has noted."""
        ...


def _screen(progress: Progress) -> Screen:
    if in_notebook():
        return NotebookScreen(progress)
    if sys.stdout.isatty() and not progress.session.search_only:
        from harness.live import LiveScreen

        return LiveScreen(progress)
    return PlainScreen(progress)


def in_notebook() -> bool:
    """Whether what is displayed goes to a notebook's cell."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


class PlainScreen:
    """One line a run, on standard error."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def open(self) -> Iterator[None]:
        """Nothing to prepare."""
        yield

    def show(self, event: Event) -> None:
        """Write the lines of an event."""
        for line in self._progress.lines(event):
            say(line)


class NotebookScreen:
    """One output of a cell, renewed in place; below it what went wrong."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._faults: list[str] = []
        self._shown = 0.0
        self._display: Any = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold a place in the cell while inside."""
        from IPython.display import display

        self._display = display(self._look(), display_id=True)
        try:
            yield
        finally:
            self._display.update(self._look())

    def show(self, event: Event) -> None:
        """Renew the output, not oftener than can be read."""
        if isinstance(event, RunEnded) and event.record.state != "done":
            self._faults.append(f"{describe(event.run)}: {outcome(event.record)}")
        if time.perf_counter() - self._shown > RENEWED_EVERY:
            self._shown = time.perf_counter()
            self._display.update(self._look())

    def _look(self) -> Any:
        from IPython.display import HTML

        progress = self._progress
        done, todo = len(progress.ended), len(progress.todo)
        bar = f'<progress value="{done}" max="{todo}"></progress> ' if todo else ""
        shown = [escape(line) for line in (progress.headline(), *self._faults[-_FAULTS:])]
        more = len(self._faults) - _FAULTS
        shown += [escape(f"and {more} more")] if more > 0 else []
        return HTML(f"<div>{bar}{'<br>'.join(shown)}</div>")


_FAULTS = 10
"""How many faults a notebook's cell names."""
