"""A clean parent: it imported torch and the core, holds no data, and forks a process for each run.

Plugins are imported in those processes and nowhere else; nothing that one does to its process is
there when the next is forked.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import io
import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from harness import sandbox
from harness.apart import Child, Died, Gone, be_a_child, gone
from harness.registry import Origin
from harness.registry.files import installed_places
from harness.registry.importing import compile_ahead
from harness.settings import SAME_HASHES

_SUBREAPER = 36
_LARGEST = 1 << 12
PATIENCE_SECONDS = 300.0
"""How long a nursery may take to answer: one that a method has stopped never does."""
_LIBRARIES = (
    "faiss",
    "scipy.stats",
    "safetensors.numpy",
    "pytorch_metric_learning.losses",
    "pytorch_metric_learning.miners",
)
"""What the methods of many plugins are made of: imported here, it costs no run anything."""
_FOR_FEW = ("sklearn.cluster", "sklearn.metrics")
"""What few are made of, and takes a second: imported while nothing is asked, so that none waits."""
_IDLE_SECONDS = 0.3
_CODE = "import sys; from harness.apart.nursery import main; main(int(sys.argv[1]))"


@dataclass(frozen=True)
class Job:
    """What a process is to do: "module:function" of the core, which gets this and descriptors."""

    serve: str
    given: Any


class Nursery:
    """A clean parent as the core sees it."""

    def __init__(self, line: socket.socket, end: Callable[[], object]) -> None:
        self._line = line
        self._end = end
        self._known: dict[Origin, sandbox.Allowed] = {}
        self.lost = False

    @classmethod
    def forked(cls) -> Nursery:
        """From this process, which must be clean itself: no plugin, no data, one thread."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                _serve(theirs)
            finally:
                os._exit(0)
        theirs.close()

        def end() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)

        return cls(ours, end)

    @classmethod
    def spawned(cls) -> Nursery:
        """A fresh Python, for a process that is not clean any more."""
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        process = subprocess.Popen(  # noqa: S603 - this Python, and code that stands here
            [sys.executable, "-P", "-c", _CODE, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            env={**os.environ, **SAME_HASHES, "PYTHONPATH": path},
        )
        theirs.close()

        def end() -> None:
            process.kill()
            process.wait()

        return cls(ours, end)

    def begin(
        self,
        name: str,
        job: Job,
        descriptors: Sequence[int],
        origin: Origin,
        *,
        fenced: bool = True,
        reads: Iterable[str] = (),
    ) -> Child:
        """Have a process forked that does a job, with these descriptors; they stay open here.

        `origin`: the plugin that it runs, whose code is compiled once for all its processes.
        `fenced`: whether it is in a sandbox, where plugins are; it may read `reads` as well there.
        """
        if origin not in self._known:
            paths = [file.path for file in origin.all_files]
            places = installed_places()
            self._known[origin] = sandbox.readable(origin.root, paths, origin.path, places)
            files = _file_of(json.dumps([(f.path, f.sha256) for f in origin.all_files]).encode())
            try:
                self._ask({"compile": 1}, [files])
            finally:
                os.close(files)
        fence = None
        if fenced and sandbox.in_force():
            fence = sandbox.running_fence(self._known[origin], reads)
        output, theirs = os.pipe()
        content = _file_of(_packed((job, fence)))
        try:
            sent = [theirs, content, *descriptors]
            pid = self._ask({"fork": len(sent)}, sent)["pid"]
        except Died:
            os.close(output)
            if fence is not None:
                fence.remove()
            raise
        finally:
            os.close(theirs)
            os.close(content)
        return Child(name, pid, output, lambda: self._reaped(pid, fence))

    def close(self) -> None:
        """End it, and all that it forked."""
        self.lost = True
        self._line.close()
        self._end()

    def _reaped(self, pid: int, fence: sandbox.Fence | None) -> Gone:
        try:
            return Gone(**self._ask({"reap": pid}))
        except Died:
            return Gone(-signal.SIGKILL, 0.0, 0)
        finally:
            if fence is not None:
                fence.remove()

    def _ask(self, request: dict[str, int], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        """Ask it; raises Died where it is gone, as when a method killed it."""
        try:
            self._line.settimeout(PATIENCE_SECONDS)
            socket.send_fds(self._line, [json.dumps(request).encode()], list(descriptors))
            answer = self._line.recv(_LARGEST)
        except OSError:
            answer = b""
        if not answer:
            self.close()
            raise Died("the process that lets it run was ended")
        found: dict[str, Any] = json.loads(answer)
        return found


_current: Nursery | None = None
_lock = threading.Lock()


def begin_here(*, harmless: int = 0) -> None:
    """Fork the nursery of this process now, while it is clean: it is spawned later otherwise.

    Nothing happens where this process has other threads, which a fork would leave behind, but for
    so many `harmless` ones, which hold nothing; nor where Python drew its hashes, and the order of
    sets with them; nor where torch is built for CUDA and was imported: nobody knows then whether it
    has been asked for CUDA, which no forked process could use.
    """
    if sys.flags.hash_randomization:
        return
    torch = sys.modules.get("torch")
    if torch is not None and torch.backends.cuda.is_built():
        return
    from harness.execution.machine import first_step

    global _current  # noqa: PLW0603 - one a process
    with _lock:
        if _current is None and threading.active_count() == 1 + harmless:
            first_step()  # here, so that half of torch is loaded once for both
            _current = Nursery.forked()


def nursery() -> Nursery:
    """The nursery of this process; a new one if it has none, or if that was lost."""
    global _current  # noqa: PLW0603 - one a process
    with _lock:
        if _current is None or _current.lost:
            _current = Nursery.spawned()
        return _current


def main(descriptor: int) -> NoReturn:
    """Be a nursery, in a Python of its own."""
    _serve(socket.socket(fileno=descriptor))
    os._exit(0)


def _serve(line: socket.socket) -> None:
    """Fork and reap as asked, until nobody is there to ask."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform.startswith("linux"):
        # What a method's process began and left is this one's to end.
        ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    import_libraries()
    _take_a_step()
    alive: set[int] = set()
    few = list(_FOR_FEW)
    while True:
        while few and not select.select([line], [], [], _IDLE_SECONDS)[0]:
            _import_if_there(few.pop(0))
        message, descriptors, _, _ = socket.recv_fds(line, _LARGEST, 16)
        if not message:
            return
        request = json.loads(message)
        if "compile" in request:
            _compile(descriptors[0])
            answer: dict[str, Any] = {}
        elif "fork" in request:
            pid = _fork(line, descriptors)
            alive.add(pid)
            answer = {"pid": pid}
        else:
            ended = gone(request["reap"])
            alive.discard(request["reap"])
            seconds = ended.processor_seconds + _end_orphans(alive)
            answer = vars(replace(ended, processor_seconds=seconds))
        line.sendall(json.dumps(answer).encode())


def import_libraries() -> None:
    """Import what many methods are made of; importing some of it changes filters of warnings."""
    for name in ("torch", "harness.apart.pupil", *_LIBRARIES):
        _import_if_there(name)


def _import_if_there(name: str) -> None:
    if find_spec(name.partition(".")[0]) is not None:
        importlib.import_module(name)


def _take_a_step() -> None:
    from harness.execution.machine import first_step

    first_step()
    gc.collect()
    gc.freeze()


def _compile(descriptor: int) -> None:
    with open(descriptor, "rb") as file:
        file.seek(0)
        compile_ahead((path, digest) for path, digest in json.load(file))
    gc.freeze()


def _fork(line: socket.socket, descriptors: list[int]) -> int:
    output, content, *lasting = descriptors
    pid = os.fork()
    if pid == 0:

        def body() -> None:
            line.detach()  # it was closed with all that is not this process's
            with open(content, "rb") as file:
                file.seek(0)
                given: tuple[Job, sandbox.Fence | None] = pickle.load(file)  # noqa: S301 - our own
            job, fence = given
            if fence is not None:
                fence.enter()
            module, _, name = job.serve.partition(":")
            getattr(importlib.import_module(module), name)(job.given, lasting)

        be_a_child(body, output=output, keep=(content, *lasting))
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _end_orphans(alive: set[int]) -> float:
    """End every process that one that is gone has left behind; the seconds that they computed."""
    seconds = 0.0
    while True:
        try:
            tasks = Path("/proc/self/task").iterdir()
            children = [int(p) for task in tasks for p in (task / "children").read_text().split()]
        except OSError:
            return seconds
        left = [pid for pid in children if pid not in alive]
        if not left:
            return seconds
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                usage = os.wait4(pid, 0)[2]
                seconds += usage.ru_utime + usage.ru_stime


class _Pickler(pickle.Pickler):
    """Tensors as arrays: torch would write each as an archive of its own, which takes longer."""

    def reducer_override(self, thing: Any) -> Any:
        torch = sys.modules.get("torch")
        if torch is None or type(thing) is not torch.Tensor or thing.device.type != "cpu":
            return NotImplemented
        return torch.from_numpy, (thing.detach().numpy(),)


def _packed(given: object) -> bytes:
    content = io.BytesIO()
    _Pickler(content, pickle.HIGHEST_PROTOCOL).dump(given)
    return content.getvalue()


def _file_of(content: bytes) -> int:
    from harness.apart.memory import anonymous_file

    descriptor = anonymous_file()
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return descriptor
