"""Ctrl-C once: finish what runs. Twice: stop now."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SAID = "bench: finishing what runs, then stopping; Ctrl-C again stops now\n"


@contextmanager
def draining_on_ctrl_c() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; the second raises KeyboardInterrupt.

    Where Ctrl-C is ignored, as in a shell's background jobs, or this is not the main thread, it
    stays as it is.
    """
    draining = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or before is not signal.default_int_handler:
        yield draining
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        if draining.is_set():
            signal.default_int_handler(number, frame)
        draining.set()
        # Not by print: this may interrupt a print.
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, SAID.encode())

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield draining
    finally:
        signal.signal(signal.SIGINT, before)
