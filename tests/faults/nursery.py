"""Processes that are warm when they begin: everything is imported once, then forked for each.

Reads lines of JSON from standard input: of a process to start, its arguments, the fault to meet and
the file for what it prints, answered by its id; or the id to wait for, answered by its exit code,
negative for a signal.
"""

from __future__ import annotations

import errno
import gc
import importlib
import io
import json
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

WRITES = (
    "BEGIN",
    "INSERT",
    "COMMIT",
    "CREATE",
    "PRAGMA application_id",
    "PRAGMA user_version",
    "PRAGMA journal_mode",
)


class Points:
    """Counts the moments at which a process writes, and does something at one of them."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self.passed = 0
        self._at = at
        self._act = act

    def __call__(self) -> None:
        self.passed += 1
        if self.passed == self._at:
            self._act()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def no_space() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def watch_files(point: Points) -> None:
    """Pass a point before each file is created, synchronised, renamed or removed."""

    def before(function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            if "dir_fd" not in options:  # with it, a temporary folder is removed
                point()
            return function(*arguments, **options)

        return watched

    os.fsync = before(os.fsync)
    os.replace = before(os.replace)
    os.unlink = before(os.unlink)
    plain_open = io.open

    def open_watched(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if str(file).endswith(".tmp"):
            point()
        return plain_open(file, mode, *rest, **options)

    io.open = open_watched  # what pathlib calls


def watch_database(point: Points) -> None:
    """Pass a point before each statement that writes."""
    plain = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = plain(*arguments, **options)
        connection.set_trace_callback(lambda sql: sql.startswith(WRITES) and point())
        return connection

    sqlite3.connect = connect


def limit_files(size: int, *, fatal: bool) -> None:
    """No file may grow beyond `size` bytes: the write that tries is cut short, then kills or fails.

    SQLite's log and the arrays are both met by it, in the middle of a write. Memory that is shared
    with the processes of methods is a file too, but on no disk: it may grow.
    """
    plain, most = os.ftruncate, resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def truncate(descriptor: int, length: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        plain(descriptor, length)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))

    os.ftruncate = truncate
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if fatal else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))


def jump(days: float) -> None:
    """Let the clock on the wall jump at every look at it: forth, and back."""
    import harness.execution.run

    class Jumping(datetime):
        looks = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.looks += 1
            return datetime.now(tz) + timedelta(days=days * (-1) ** cls.looks)

    harness.execution.run.datetime = Jumping


def meet(fault: dict[str, Any]) -> None:
    """Set up what this process is to meet."""
    kind = fault.get("kind")
    if kind in {"die", "full"}:
        point = Points(fault["at"], die if kind == "die" else no_space)
        watch_files(point)
        if kind == "die":
            watch_database(point)
        fault["point"] = point
    elif kind in {"torn", "quota"}:
        limit_files(fault["bytes"], fatal=kind == "torn")
    elif kind == "clock":
        jump(fault["days"])


def child(order: dict[str, Any]) -> None:
    """Be `bench` with these arguments."""
    descriptor = os.open(order["printed"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    fault = order["fault"]
    os.environ.update(fault.pop("environment", {}))
    code = 1
    try:
        meet(fault)
        from harness.cli.main import main

        sys.argv = ["bench", *order["arguments"]]
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        if "point" in fault:
            print("points passed:", fault["point"].passed)  # noqa: T201
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ask_once() -> None:
    """Let every process know what plugins declare and the data: no fault here meets the asking."""
    from harness import benchmark
    from harness.data import loading

    plugins = [Path(__file__).with_name("toy.py")]
    registry = benchmark.load_registry(plugins)
    dataset = loading.load_dataset(registry, "toy")
    benchmark.load_registry = lambda files: registry if list(files) == plugins else None
    loading.load_dataset = lambda _registry, name: dataset if name == "toy" else None


def main() -> None:
    """Import what a run needs, then answer."""
    for name in ("harness.cli.run", "harness.progress", "harness.cli.doctor"):
        importlib.import_module(name)
    from harness.apart.nursery import import_libraries
    from harness.execution.machine import warm

    import_libraries()
    ask_once()
    with warm():
        print("ready", flush=True)  # noqa: T201
        gc.freeze()
        for line in sys.stdin:
            order = json.loads(line)
            if "wait" in order:
                _, status = os.waitpid(order["wait"], 0)
                print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201
                continue
            pid = os.fork()
            if pid == 0:
                child(order)
            print(pid, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
