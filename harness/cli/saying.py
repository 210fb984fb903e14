"""All that commands say: no text of plugins or data reaches a terminal raw."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import get_terminal_size
from textwrap import TextWrapper
from typing import TYPE_CHECKING

import typer

from harness.errors import escaped

if TYPE_CHECKING:
    from rich.console import RenderableType

    from harness.table import Format, Table


def say(text: str, *, err: bool = False, nl: bool = True, colour: str | None = None) -> None:
    """Write for a person, control characters escaped; on standard error if `err`.

    `colour`: on a terminal, as click names it.
    """
    shown = escaped(text)
    typer.echo(typer.style(shown, fg=colour) if colour else shown, err=err, nl=nl)


def write(text: str, *, nl: bool = False) -> None:
    """Write what a program may read (CSV, JSON): to a file or a pipe as it is."""
    typer.echo(escaped(text) if sys.stdout.isatty() else text, nl=nl, color=True)


_PATIENCE = 2.0
"""Seconds that a command may be silent on a terminal."""


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say on a terminal what takes so long, where it takes more than two seconds."""
    if not sys.stderr.isatty():
        yield
        return
    timer = threading.Timer(_PATIENCE, say, (f"bench: {what} ...",), {"err": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def tell(text: str, *, err: bool = False) -> None:
    """Write sentences, a line each; a terminal's are broken at blanks, and go on deeper."""
    if (sys.stderr if err else sys.stdout).isatty():
        wrapper = TextWrapper(
            width=get_terminal_size().columns,
            subsequent_indent=" " * 4,
            break_long_words=False,  # names and paths
            break_on_hyphens=False,
        )
        text = "\n".join(map(wrapper.fill, escaped(text).splitlines()))
    say(text.removesuffix("\n"), err=err)


def show(table: Table, format: Format) -> None:  # noqa: A002 - named as its option
    """Write a table; on a terminal as wide as that is, by its pager where it is too long."""
    from harness.table import FittedTable, render

    if format == "table" and sys.stdout.isatty():
        page(FittedTable(table))
    else:
        write(render(table, format))


def page(shown: RenderableType) -> None:
    """Print on a terminal, by its pager where the window is too small."""
    from rich.console import Console

    console = Console()
    lines = console.render_lines(shown, pad=False)
    if len(lines) < console.size.height:
        console.print(shown)
        return
    os.environ.setdefault("LESS", "-FRSX")
    with console.pager(styles=True):
        console.print(shown)


class LogLines(logging.Formatter):
    """Log messages as lines of `bench`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback keeps its lines."""
        return escaped(f"bench: {super().format(record)}")
