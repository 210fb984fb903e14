"""Errors that a person sees as a line, and text of plugins and data on its way to a person."""

from __future__ import annotations

import difflib
import os
import sys
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path

EXIT_DONE = 0
EXIT_DOES_NOT_HOLD = 1
EXIT_USAGE = 2
EXIT_NOT_COMPARABLE = 3
EXIT_RUNS_FAILED = 4
EXIT_INCONCLUSIVE = 5
EXIT_INTERRUPTED = 130
EXIT_CODES: Mapping[int, str] = {
    EXIT_DONE: "done",
    EXIT_DOES_NOT_HOLD: "what was asked about does not hold (gate: a regression; verify, "
    "reproduce: a number; doctor: damage; plugin check: a check)",
    EXIT_USAGE: "usage",
    EXIT_NOT_COMPARABLE: "nothing measured, or not comparable",
    EXIT_RUNS_FAILED: "some runs failed",
    EXIT_INCONCLUSIVE: "inconclusive (gate)",
    EXIT_INTERRUPTED: "stopped by Ctrl-C",
}
"""Every exit code of `bench`; no command has one of its own."""


class UserError(Exception):
    """What a person can mend: the command line prints it as one line and exits with `exit_code`."""

    exit_code = EXIT_USAGE


class NotComparable(UserError):
    """Nothing was measured, or what was measured is not of one kind: digests that differ."""

    exit_code = EXIT_NOT_COMPARABLE


def nearest(name: str, allowed: Iterable[str], *, likeness: float = 0.5) -> str:
    """Return `; did you mean 'x'?` for the closest allowed name, or an empty string.

    `likeness`: of two names 0 to 1, from which on one is close (difflib's ratio).
    """
    close = difflib.get_close_matches(name, list(allowed), n=1, cutoff=likeness)
    return f"; did you mean '{close[0]}'?" if close else ""


def unreadable(where: Path, kind: str, error: BaseException) -> UserError:
    """The line for a file that a library could not read: not there, a folder, empty, cut off.

    `kind`: what it should be, such as `safetensors`. The library's own words are not for a person:
    they stay in the error's cause.
    """
    if where.is_dir():
        return UserError(f"{where}: is a folder: a file is needed")
    if not where.exists():
        return UserError(f"{where}: there is no such file")
    if isinstance(error, OSError) and error.strerror:
        return UserError(f"{where}: cannot be read: {error.strerror}")
    if not where.stat().st_size:
        return UserError(f"{where}: is empty")
    return UserError(f"{where}: is cut off or damaged: it is no whole {kind} file")


def counted(number: int, noun: str) -> str:
    """`1 file` or `1,200 files`; a noun that ends in s takes es."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


_LISTED = 40
"""Allowed names up to which a line shows them all."""
_NEAR = 8


def unknown(
    kind: str, name: str | Sequence[str], allowed: Iterable[str], *, where: str = ""
) -> UserError:
    """Build the error for names that are not in a closed list: where, what, nearest, allowed.

    Of very many allowed names the nearest are shown, and how many more there are.
    """
    names = sorted(allowed)
    prefix = f"{where}: " if where else ""
    sought = [name] if isinstance(name, str) else list(name)
    listed = names
    if len(names) > _LISTED:
        listed = difflib.get_close_matches(sought[0], names, n=_NEAR, cutoff=0.0)
        listed.append(f"and {len(names) - _NEAR} more")
    shown = ", ".join(listed) if listed else "none"
    told = ", ".join(f"'{one}'{nearest(one, names)}" for one in sought)
    several = "s" if len(sought) > 1 else ""
    return UserError(f"{prefix}unknown {kind}{several} {told} (allowed: {shown})")


def require_whole(value: object, name: str) -> None:
    """UserError for a count that is no whole number from 1 up; texts and truth values are none."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise UserError(f"{name}={value!r}: must be a whole number from 1 up")


def escaped(text: str) -> str:
    """The text in its lines, for a person: control characters escaped, but for tabs.

    Escaped are all that Unicode calls control, format, surrogate, private or unassigned: among
    them those that colour a terminal or turn the direction of writing.
    """
    return "".join(map(_shown, text))


_CUT = " [...]"


def plain(text: str, limit: int, *, lines: bool = False) -> str:
    """At most `limit` characters, in one line unless `lines`, escaped as `escaped` does."""
    text = text[: limit + len(_CUT) + 1]
    shown = escaped(text if lines else " ".join(text.split()))
    return shown if len(shown) <= limit else shown[: limit - len(_CUT)] + _CUT


def _shown(letter: str) -> str:
    if letter.isprintable() or letter in "\n\t" or not unicodedata.category(letter).startswith("C"):
        return letter
    return ascii(letter)[1:-1]


def one_line(error: BaseException, limit: int = 500) -> str:
    """An error's type and text, whatever lines its text has, and whether or not it has one."""
    try:
        text = plain(str(error), limit)
    except BaseException:
        text = "its text cannot be had"
    name = plain(type(error).__name__, 100)
    return f"{name}: {text}" if text else name


_READ_BYTES = 1 << 16
_SHOWN_BYTES = 1 << 16
_LONGEST_LINE = 500
_BAR_SECONDS = 5.0


class Printed:
    """What a process prints into a pipe, passed on to standard error by lines.

    `name` stands before each line. Lines are escaped and cut, and of 64 KiB the rest is not shown.
    Of a line that is written over itself, as a bar is, so much is shown as stands there at its end,
    and every five seconds.
    """

    def __init__(self, name: str, descriptor: int) -> None:
        self.descriptor = descriptor
        self._name = name
        self._left = _SHOWN_BYTES
        self._begun = b""
        self._last = time.monotonic()
        os.set_blocking(descriptor, False)

    def pass_on(self) -> bool:
        """Show the lines that have come; False when there will be no more."""
        try:
            came = os.read(self.descriptor, _READ_BYTES)
        except BlockingIOError:
            return True
        *lines, self._begun = (self._begun + came).split(b"\n")
        for line in lines:
            self._show(line)
        waited = time.monotonic() - self._last > _BAR_SECONDS
        if not came or len(self._begun) > _READ_BYTES or (b"\r" in self._begun and waited):
            self._show(self._begun)
            self._begun = b""
        return bool(came)

    def close(self) -> None:
        """Show what is left of a process that is gone."""
        self.pass_on()
        self._show(self._begun)
        os.close(self.descriptor)

    def _show(self, line: bytes) -> None:
        shown, self._left = line[: self._left], max(0, self._left - len(line))
        text = shown.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")
        self._last = time.monotonic()
        if text.strip() and sys.stderr is not None:
            sys.stderr.write(f"{self._name}: {plain(text, _LONGEST_LINE)}\n")
