"""What processes of plugins print, on its way to a person."""

from __future__ import annotations

import os
import sys
import time

from harness.errors import plain

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
