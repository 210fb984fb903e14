"""All that commands say: no text of plugins or data reaches a terminal raw."""

from __future__ import annotations

import logging
import sys

import typer

from harness.errors import escaped


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Write for a person, control characters escaped; on standard error if `err`."""
    typer.echo(escaped(text), err=err, nl=nl)


def write(text: str, *, nl: bool = False) -> None:
    """Write what a program may read (CSV, JSON): to a file or a pipe as it is."""
    typer.echo(escaped(text) if sys.stdout.isatty() else text, nl=nl, color=True)


class LogLines(logging.Formatter):
    """Log messages as lines of `bench`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback keeps its lines."""
        return escaped(f"bench: {super().format(record)}")
