"""Watching a plan run: a live board on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import typer

from harness.cli.durations import words
from harness.cli.interrupts import draining_on_ctrl_c
from harness.execution.estimate import Estimate, learnt_estimate
from harness.execution.session import ReplicateEnded, RunEnded, RunStarted, outstanding, run_plan
from harness.results import (
    Board,
    Selector,
    board_renderable,
    load_board,
    render_board,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from harness.execution.executor import Settings
    from harness.execution.plan import Plan, PlannedRun
    from harness.execution.run import Bench
    from harness.extension import Executor
    from harness.record import Record
    from harness.store import Store

# Until a run has been timed: about what one takes on a laptop.
FIRST_GUESS_SECONDS = 5.0


def watch(
    plan: Plan,
    bench: Bench,
    store: Store,
    executor: Executor,
    settings: Settings,
    *,
    retry_failed: bool,
) -> None:
    """Run a plan and show how it goes; the board at the end stands on standard output.

    Raises KeyboardInterrupt when Ctrl-C left runs undone.
    """
    todo = outstanding(plan, store, retry_failed=retry_failed)
    progress = Progress(plan, todo, store)
    screen: Screen = LiveScreen(progress) if sys.stdout.isatty() else PlainScreen(progress)
    try:
        with screen.open(), draining_on_ctrl_c() as draining:
            events = run_plan(
                plan,
                bench,
                store,
                retry_failed=retry_failed,
                execute=executor.execute,
                settings=settings,
                draining=draining,
            )
            with closing(events):
                for event in events:
                    progress.note(event)
                    screen.show(event)
        if progress.left_to_do:
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        typer.echo("bench: stopped; the same command goes on from here", err=True)
        raise
    finally:
        board = progress.board()
        if board is not None:
            screen.finish(board)


@dataclass(frozen=True)
class Running:
    """A run that was begun, and when."""

    run: PlannedRun
    since: float = field(default_factory=time.perf_counter)


@dataclass
class Progress:
    """How far a plan is."""

    plan: Plan
    todo: list[PlannedRun]
    store: Store
    ended: set[str] = field(default_factory=set)
    running: dict[str, Running] = field(default_factory=dict)
    at_a_time: int = 1
    estimate: Estimate = field(init=False)

    def __post_init__(self) -> None:
        rules = self.plan.protocol
        recorded = self.store.records(protocol_digest=rules.digest, dataset=rules.dataset)
        self.estimate = learnt_estimate(recorded)
        self.estimate.guess = FIRST_GUESS_SECONDS

    def note(self, event: RunStarted | RunEnded | ReplicateEnded) -> None:
        """Take an event into account."""
        if isinstance(event, RunStarted):
            self.running[event.run.run_id] = Running(event.run)
            self.at_a_time = max(self.at_a_time, len(self.running))
        elif isinstance(event, RunEnded):
            self.running.pop(event.run.run_id, None)
            self.ended.add(event.run.run_id)
            self.estimate.learn(event.record)

    @property
    def left_to_do(self) -> int:
        """How many runs have not ended."""
        return len(self.todo) - len(self.ended)

    def left(self) -> float:
        """Estimated seconds until the plan is done."""
        waiting = [run for run in self.todo if run.run_id not in self.ended]
        spent = sum(time.perf_counter() - one.since for one in self.running.values())
        return max(0.0, self.estimate.seconds(waiting) - spent) / self.at_a_time

    def board(self) -> Board | None:
        """The leaderboard as it stands, or None while the store holds no run of the plan."""
        states = self.store.run_states()
        if not any(run.run_id in states for run in self.plan.runs):
            return None
        return load_board(self.store, select=Selector.of(self.plan.runs[0].identity))

    def headline(self) -> str:
        """What runs, how many of how many, time left."""
        rules = self.plan.protocol
        count = f"{rules.name} on {rules.dataset}: {len(self.ended)} of {len(self.todo)} runs"
        # A copy: the screen asks from a thread of its own.
        running = list(self.running.values())
        if not running:
            return count
        others = f" and {len(running) - 1} more" if len(running) > 1 else ""
        return f"{count} · {describe(running[0].run)}{others} · about {words(self.left())} left"


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

    def show(self, event: RunStarted | RunEnded | ReplicateEnded) -> None:
        """Show an event."""
        ...

    def finish(self, board: Board) -> None:
        """Show the board for good."""
        ...


class PlainScreen:
    """One line a run, on standard error; the board on standard output at the end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def open(self) -> Iterator[None]:
        """Say how much there is to do."""
        rules = self._progress.plan.protocol
        todo, total = len(self._progress.todo), len(self._progress.plan.runs)
        typer.echo(f"{rules.name} on {rules.dataset}: {todo} of {total} runs to do", err=True)
        yield

    def show(self, event: RunStarted | RunEnded | ReplicateEnded) -> None:
        """Write a line for a run that ended."""
        if not isinstance(event, RunEnded):
            return
        progress = self._progress
        left = f"; about {words(progress.left())} left" if progress.left() else ""
        typer.echo(
            f"[{len(progress.ended)}/{len(progress.todo)}] {describe(event.run)}: "
            f"{outcome(event.record)}{left}",
            err=True,
        )

    def finish(self, board: Board) -> None:
        """Write the board."""
        typer.echo(render_board(board, "table"), nl=False)


class LiveScreen:
    """A board that fills in place, with a line of progress below."""

    def __init__(self, progress: Progress) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        self._progress = progress
        self._console = Console()
        self._bar = Bar(BarColumn(), TextColumn("{task.description}"), console=self._console)
        self._task = self._bar.add_task("", total=max(1, len(progress.todo)))
        self._board: RenderableType = ""
        # Two frames a second: the training threads keep the processor.
        self._live = Live(
            get_renderable=self._frame,
            console=self._console,
            refresh_per_second=2,
            transient=True,
            vertical_overflow="ellipsis",
        )

    @contextmanager
    def open(self) -> Iterator[None]:
        """Show the board while inside."""
        self._refresh_board()
        with self._live:
            yield

    def show(self, event: RunStarted | RunEnded | ReplicateEnded) -> None:
        """Move the bar; fill the board when a replicate is complete."""
        if isinstance(event, RunEnded) and event.record.state != "done":
            self._console.print(
                f"{describe(event.run)}: {outcome(event.record)}", style="yellow", markup=False
            )
            self._refresh_board()
        if isinstance(event, ReplicateEnded):
            self._refresh_board()

    def finish(self, board: Board) -> None:
        """Leave the board on the screen."""
        self._console.print(board_renderable(board))

    def _refresh_board(self) -> None:
        board = self._progress.board()
        if board is not None:
            self._board = board_renderable(board)

    def _frame(self) -> RenderableType:
        from rich.console import Group

        progress = self._progress
        self._bar.update(self._task, completed=len(progress.ended), description=progress.headline())
        return Group(self._board, self._bar)
