"""The live view on a terminal: progress on top, and as much of the board as the window holds."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.segment import Segment
from rich.text import Text

from harness.errors import escaped
from harness.execution.session import ReplicateEnded, RunEnded
from harness.progress import is_trial
from harness.results.display import display_table
from harness.session import Planned, SearchEnded
from harness.table import FittedTable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from harness.progress import Progress
    from harness.session import Event
    from harness.table import Table

Lines = list[list[Segment]]
_ABOVE = 2
"""Lines of the window above the board: how far, and what runs."""


class LiveScreen:
    """How far the session is, what runs, and below it a board that fills in place."""

    def __init__(self, progress: Progress, console: Console | None = None) -> None:
        self._progress = progress
        self._console = console or Console()
        told = TextColumn("{task.description}", markup=False)
        self._bar = Bar(BarColumn(bar_width=20), told, console=self._console)
        self._task = self._bar.add_task("", total=None)
        self._board: RenderableType = ""
        # Two frames a second: the training threads keep the processor.
        self._live = Live(
            get_renderable=self.frame,
            console=self._console,
            refresh_per_second=2,
            transient=True,
            vertical_overflow="crop",
        )

    @contextmanager
    def open(self) -> Iterator[None]:
        """Show progress and board while inside."""
        with self._live:
            yield

    def show(self, event: Event) -> None:
        """Move the bar; fill the board when a replicate is complete."""
        failed = isinstance(event, RunEnded) and event.record.state != "done"
        if isinstance(event, RunEnded) and (failed or is_trial(event)):
            style = "yellow" if failed else None
            lines = map(escaped, self._progress.lines(event))
            self._console.print(*lines, style=style, markup=False)
        if failed or isinstance(event, ReplicateEnded | Planned | SearchEnded):
            board = self._progress.session.board()
            self._board = "" if board is None else Cropped(display_table(board), _ABOVE)

    def frame(self) -> RenderableType:
        """What the window shows now."""
        progress = self._progress
        self._bar.update(
            self._task,
            total=max(1, len(progress.todo)) if progress.total else None,
            completed=len(progress.ended),
            description=progress.how_far(),
        )
        now = Text(progress.running_now(), style="dim", no_wrap=True, overflow="ellipsis")
        return Group(self._bar, now, self._board)


class Cropped:
    """As much of a Table as a window of so many lines holds, and how much more there is.

    `above`: lines of the window that something else has. Rows come before notes: those are whole
    on the board that is left when the session ends.
    """

    def __init__(self, table: Table, above: int) -> None:
        self._table = table
        self._above = above
        self._made: tuple[tuple[int, int], Lines] = ((0, 0), [])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        size = (options.max_width, console.size.height - self._above)
        if self._made[0] != size:
            # Drawn twice a second, made once: a long board takes a while.
            self._made = (size, self._lines(console, options, room=size[1]))
        for line in self._made[1]:
            yield from line
            yield Segment.line()

    def _lines(self, console: Console, options: ConsoleOptions, *, room: int) -> Lines:
        table = self._table
        whole = console.render_lines(FittedTable(table), options, pad=False)
        if len(whole) <= room:
            return whole

        def of(rows: int) -> Lines:
            shown = replace(table, rows=table.rows[:rows], notes=())
            more = Text(_left_out(table, rows), style="dim", no_wrap=True, overflow="ellipsis")
            return console.render_lines(Group(FittedTable(shown), more), options, pad=False)

        # A row may take several lines, so that how many fit is tried.
        rows = bisect.bisect_right(range(1, len(table.rows) + 1), room, key=lambda n: len(of(n)))
        return of(rows)[:room]


def _left_out(table: Table, shown: int) -> str:
    counts = [(len(table.rows) - shown, "row"), (len(table.notes), "note")]
    told = [f"{count} more {word}{'s' * (count > 1)}" for count, word in counts if count]
    return f"{' and '.join(told)}: all of it at the end, or by bench leaderboard"
