"""Asking plugins: what they declare, for their data, whether their trunks are sound.

Each is asked in a child of its own. What they declare is asked of all at once, within a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import sandbox
from harness.errors import Printed, UserError, plain
from harness.registry.origin import Origin
from harness.settings import SAME_HASHES

SECONDS = 60.0
"""How long a plugin may take to be imported and to list what it offers.

Time in which others had the processor that it waited for is not counted, where the system tells,
but by the clock it has no more than ten times as long: the others may be its own.
"""
_LOOK_SECONDS = 0.5
MOST_BYTES = 16 * 1024**2
_CHUNK = 1024**2
_CODE = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from harness.registry.child import main; main()"
)

Said = Mapping[str, Any]


@dataclass(frozen=True)
class Failed:
    """Why a plugin declares nothing; `importing`: whether it could not be imported."""

    line: str
    importing: bool


def ask_all(origins: Sequence[Origin]) -> list[Said | Failed]:
    """What each plugin declares, as it came out of its process, or why nothing did.

    Nothing is checked but that it is JSON of an object, and not too long.
    """
    with contextlib.ExitStack() as stack:
        task = "harness.registry.child:declare"
        asked = [_child((origin, task, {}), silent=True, closed=True) for origin in origins]
        children = [stack.enter_context(child) for child in asked]
        _listen(children, limited=True)
        return [child.outcome() for child in children]


def ask(origin: Origin, task: str, *, closed: bool = False, **arguments: Any) -> Said:
    """Have a child do a task that needs a plugin; what it answered, whose form is not checked.

    `task`: "module:function" of the core, called with the origin and the arguments, which returns
    JSON's values. `closed`: it may write nothing and reach nobody, where the system can see to
    that; data and weights are brought by others, which may. What it prints goes to the session's
    standard error, escaped and cut; there is no limit of time. Raises UserError if the function
    does, or if its process ends.
    """
    with _child((origin, task, arguments), silent=False, closed=closed) as child:
        _listen([child], limited=False)
        said = child.outcome()
    where = f"plugin '{origin.plugin}' ({origin})"
    if isinstance(said, Failed):
        raise UserError(f"{where}: {said.line.removeprefix('failed to import: ')}")
    if isinstance(said.get("error"), str):
        raise UserError(plain(said["error"], 600))
    return said


@dataclass
class _AskedChild:
    process: subprocess.Popen[bytes]
    pipe: int
    printed: Printed | None
    content: bytearray = field(default_factory=bytearray)
    ended: bool = False
    fault: str = ""

    def read(self, descriptor: int) -> bool:
        """Take what has come to the pipe or was printed; False when there will be no more."""
        if self.printed is not None and descriptor == self.printed.descriptor:
            return self.printed.pass_on()
        chunk = os.read(self.pipe, _CHUNK)
        self.content += chunk
        self.ended = not chunk
        if len(self.content) > MOST_BYTES:
            self.fault = f"it declares more than {MOST_BYTES // 1024**2} MB"
            self.ended = True
        return not self.ended

    def give_up(self, fault: str) -> None:
        """End what takes too long, so that it takes nothing from the others."""
        self.fault = fault
        self.ended = True
        self.kill()

    def outcome(self) -> Said | Failed:
        """What it said, or what became of it."""
        if not self.fault:
            try:
                said = json.loads(self.content)
            except (ValueError, RecursionError):
                self.fault = self._how_it_ended()
            else:
                return self._checked(said)
        return Failed(f"failed to import: {self.fault}", importing=True)

    def _checked(self, said: Any) -> Said | Failed:
        if not isinstance(said, dict):
            return Failed("failed to import: it wrote to the pipe", importing=True)
        if isinstance(said.get("broken"), str):
            return Failed(plain(said["broken"], 600), importing=said.get("importing") is True)
        return said

    def _how_it_ended(self) -> str:
        """What is said of a process that closed its pipe before it had answered."""
        try:
            code = self.process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            return "it closed the pipe"
        if code < 0:
            return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process exited with code {code}"

    def end(self) -> None:
        """End it, and what it began."""
        self.kill()
        self.process.wait()
        os.close(self.pipe)
        if self.printed is not None:
            self.printed.close()

    def kill(self) -> None:
        """Have the system end it, and what it began."""
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()


@contextmanager
def _child(
    request: tuple[Origin, str, Any], *, silent: bool, closed: bool
) -> Iterator[_AskedChild]:
    fence = sandbox.listing_fence() if closed and sandbox.in_force() else None
    reading, writing = os.pipe()
    output, printing = (None, subprocess.DEVNULL) if silent else os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - this Python, and code that stands here
            [sys.executable, "-P", "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=printing,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            start_new_session=True,
            env=os.environ | SAME_HASHES,
        )
    finally:
        os.close(writing)
        if not silent:
            os.close(printing)
    name = f"plugin {plain(request[0].plugin, 60)}"
    child = _AskedChild(process, reading, None if output is None else Printed(name, output))
    try:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as stream:
            stream.write(pickle.dumps(sys.path) + pickle.dumps((writing, fence, *request)))
        yield child
    finally:
        child.end()
        if fence is not None:
            fence.remove()


def _listen(children: Sequence[_AskedChild], *, limited: bool) -> None:
    """Read from all until each has ended, or, if `limited`, has taken too long."""
    began = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for child in children:
            selector.register(child.pipe, selectors.EVENT_READ, child)
            if child.printed is not None:
                selector.register(child.printed.descriptor, selectors.EVENT_READ, child)
        while waiting := [child for child in children if not child.ended]:
            for key, _ in selector.select(_LOOK_SECONDS if limited else None):
                if not key.data.read(key.fd):
                    selector.unregister(key.fd)
            for child in waiting:
                if limited and not child.ended and (fault := _too_long(child.process.pid, began)):
                    child.give_up(fault)
                    selector.unregister(child.pipe)


def _too_long(pid: int, began: float) -> str:
    elapsed = time.monotonic() - began
    taken = max(elapsed - kept_waiting(pid), elapsed / 10)
    return f"it takes longer than {SECONDS:g} s" if taken > SECONDS else ""


def kept_waiting(pid: int) -> float:
    """For how many seconds a process was ready and others had the processor; 0 if untold."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
