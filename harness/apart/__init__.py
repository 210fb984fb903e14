"""Plugin code, apart from the core: processes that run it, and what crosses to them and back.

Nothing that comes back is believed for more than it can be checked to be: frames are bounded,
plain and validated, never unpickled.
"""

from __future__ import annotations

import contextlib
import math
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from harness.errors import Printed, one_line

_DEATH_SIGNAL = 1
GRACE_SECONDS = 5.0
"""How long a process may take to end that has closed its line."""


class Died(Exception):
    """The process is gone without an answer; the message says how."""


@dataclass(frozen=True)
class Gone:
    """How a process ended, by code or negative for a signal, and what the system counted.

    `processor_seconds`: of it and those that it waited for. `memory_bytes`: the most that it held
    beyond what it shared with the process that it was forked from.
    """

    code: int
    processor_seconds: float
    memory_bytes: int


def gone(pid: int) -> Gone:
    """Wait until a child of this process is gone, and end what it left in its group."""
    inherited = _resident()
    _, status, usage = os.wait4(pid, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(status)
    own = max(0, _bytes(usage.ru_maxrss) - inherited)
    return Gone(code, usage.ru_utime + usage.ru_stime, own)


def _resident() -> int:
    """What this process holds, which a fork of it begins with."""
    from harness.execution.machine import resident_bytes

    return resident_bytes(os.getpid())


def fork_here(name: str, body: Callable[[], object], *, keep: tuple[int, ...]) -> Child:
    """Fork this process, with all that it holds, to run `body`.

    For what lives in this process alone, and so has run here already: an Objective that a program
    or a notebook defines.
    """
    output, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:

        def alone() -> None:
            import threadpoolctl

            # The threads that this process had did not come along, and would be waited for.
            with threadpoolctl.threadpool_limits(1, user_api="openmp"):
                body()

        be_a_child(alone, output=theirs, keep=keep)
    os.close(theirs)
    return Child(name, pid, output, lambda: gone(pid))


class Child:
    """A process of a plugin. `reap` waits for its end, once.

    What it prints is passed on, escaped and cut, by whoever waits for it.
    """

    def __init__(self, name: str, pid: int, output: int, reap: Callable[[], Gone]) -> None:
        self.pid = pid
        self._printed = Printed(name, output)
        self._reap = reap
        self._gone: Gone | None = None
        self._poll = select.poll()
        self._poll.register(output, select.POLLIN)
        self._end_of_it = _descriptor_of(pid)
        if self._end_of_it is not None:
            self._poll.register(self._end_of_it, select.POLLIN)

    def watch(self, line: int) -> None:
        """Wait for this descriptor as well in `wait_for`."""
        self._poll.register(line, select.POLLIN)

    def wait_for(self, line: int, seconds: float = math.inf) -> None:
        """Return when the descriptor can be read; raises Died where the process is gone instead.

        Or where so many seconds pass before.
        """
        last = time.monotonic() + seconds
        while True:
            left = last - time.monotonic()
            if left <= 0.0:
                raise Died(f"it took longer than {seconds:g} s")
            found = self._poll.poll(None if math.isinf(left) else math.ceil(1000 * left))
            if len(found) == 1 and found[0][0] == line:
                return
            ready = {descriptor for descriptor, _ in found}
            if self._printed.descriptor in ready and not self._printed.pass_on():
                self._poll.unregister(self._printed.descriptor)
            if line in ready:
                return
            if self._end_of_it in ready:
                raise Died(self.how_it_ended())

    def processor_seconds(self) -> float:
        """What it has computed until now, as the system counts it; 0 where it does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def how_it_ended(self) -> str:
        """Wait for its end, though not for long, and say it in words."""
        if self._gone is None and self._end_of_it is not None:
            end = select.poll()
            end.register(self._end_of_it, select.POLLIN)
            if not end.poll(1000 * GRACE_SECONDS):
                self.end()
                return "its process closed its line and went on"
        code = self.end(kill=False).code
        if code >= 0:
            return f"its process exited with code {code}"
        name = signal.Signals(-code).name
        hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{hint}"

    def end(self, *, kill: bool = True) -> Gone:
        """End it and what it began, if it has not ended by itself; what it cost."""
        if self._gone is not None:
            return self._gone
        if kill:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)
        self._gone = self._reap()
        self._printed.close()
        if self._end_of_it is not None:
            os.close(self._end_of_it)
        return self._gone


def _bytes(maximum: int) -> int:
    return maximum if sys.platform == "darwin" else maximum * 1024


def _descriptor_of(pid: int) -> int | None:
    """A descriptor that can be read when the process is gone, where the system has such."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def be_a_child(body: Callable[[], object], *, output: int, keep: tuple[int, ...]) -> NoReturn:
    """Run `body` in a process that was just forked, apart from everything that its parent has."""
    code = 1
    try:
        os.setsid()
        die_with_parent()
        # Ctrl-C and a request to end are for the session, which says what becomes of the run.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _own_streams(output)
        _close_all_but(keep)
        sys.argv = ["bench"]
        body()
        code = 0
    except BaseException as error:
        with contextlib.suppress(BaseException):
            sys.stderr.write(f"{one_line(error)}\n")
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _own_streams(output: int) -> None:
    """Standard input is empty; standard output and errors go where the core passes them on."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False, errors="backslashreplace")
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False, errors="backslashreplace")
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc]


def _close_all_but(keep: tuple[int, ...]) -> None:
    """Close what the parent has open: the store, its lines to others."""
    first = 3
    for kept in sorted(keep):
        os.closerange(first, kept)
        first = kept + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def die_with_parent() -> None:
    """Have the system end this process when its parent is gone, where it can."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    parent = os.getppid()
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
