"""A fence around one process: what it may read, and the one folder that it may write to."""

from __future__ import annotations

import errno
import glob
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from harness import errors, scratch
from harness.sandbox import calls, landlock
from harness.sandbox.landlock import DEVICE, LIST, OWN_FOLDER, READ, READABLE, WRITE

Allowed = tuple[tuple[str, int], ...]

_SYSTEM = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc",
    "/proc",
    "/sys",
    "/nix/store",
    "/gnu/store",
]
_DEVICES = {
    **dict.fromkeys(("/dev/zero", "/dev/random", "/dev/urandom"), READ),
    **dict.fromkeys(("/dev/null", "/dev/full"), READ | WRITE),
}
_CARDS = ("/dev/nvidia*", "/dev/dri", "/dev/kfd")
_OF_A_PREFIX = ("bin", "lib", "lib64", "include", "share", "etc")
_HOMES = (
    *("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    *("MPLCONFIGDIR", "NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"),
    *("JOBLIB_TEMP_FOLDER", "CUDA_CACHE_PATH"),
)
"""Where libraries keep what they make: all of it goes to the folder of the run."""
_CACHES = {"HF_HOME": "~/.cache/huggingface", "TORCH_HOME": "~/.cache/torch"}


_inside: list[str] = []


def inside() -> bool:
    """Whether this process is in a sandbox."""
    return bool(_inside)


_CLOSED = " (closed by the sandbox; --no-sandbox runs without)"
_CAUSES = 20


def one_line(error: BaseException, limit: int = 500, *, place: str = "") -> str:
    """As `errors.one_line`, then `place`; where the sandbox refused something, then what to do."""
    end = place + (_CLOSED if inside() and _is_refusal(error) else "")
    return errors.one_line(error, limit - len(end)) + end


def _is_refusal(error: BaseException) -> bool:
    """By type, or by words, as libraries that are no Python say it; of the error or a cause."""
    cause: BaseException | None = error
    for _ in range(_CAUSES):
        if cause is None:
            return False
        if isinstance(cause, PermissionError):
            return True
        if os.strerror(errno.EACCES) in errors.one_line(cause):
            return True
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return False


@dataclass(frozen=True)
class Fence:
    """`folder`: may be written to, and is removed with the process. `allowed`: paths and rights."""

    allowed: Allowed
    folder: str = field(default_factory=lambda: scratch.make("run"))

    def enter(self) -> None:
        """Put this process inside, for good. Only where it has one thread: others stay outside."""
        if len(os.listdir("/proc/self/task")) != 1:
            raise RuntimeError("a sandbox is entered before a process has a second thread")
        for name, place in _CACHES.items():
            os.environ.setdefault(name, os.path.expanduser(place))
        os.environ.update(dict.fromkeys(_HOMES, self.folder))
        tempfile.tempdir = None
        sys.dont_write_bytecode = True
        landlock.restrict((*self.allowed, (self.folder, OWN_FOLDER)))
        calls.restrict()
        _inside.append(self.folder)

    def remove(self) -> None:
        """Remove the folder, once the process is gone."""
        scratch.remove(self.folder)


def listing_fence() -> Fence:
    """Of a process that lists what a plugin offers: it may read, as imports do, and write nothing.

    Which files it imports is only known afterwards.
    """
    return Fence((("/", READABLE), *_DEVICES.items()))


def running_fence(allowed: Allowed, more: Iterable[str] = ()) -> Fence:
    """Of a process that runs a plugin; `more`: paths that it may read beside."""
    return replace(Fence(allowed), allowed=(*allowed, *((path, READABLE) for path in more)))


def readable(
    root: Path | None,
    files: Iterable[str],
    path: Sequence[str] | None,
    installed: tuple[str, ...],
) -> Allowed:
    """What a plugin's process reads: Python and what is installed, its own package and files.

    `root`: its package's folder or file; `files`: all that it imports from elsewhere; `path`: where
    it looks modules up; `installed`: where packages lie. Names of files may be listed where it
    looks up one of its own, and in packages that it imports from elsewhere: an editable install may
    lie beneath no folder of `path`, and Python takes a folder that it may not list for empty.
    """
    own = [str(root)] if root is not None else []
    beside = [file for file in files if root is None or not Path(file).is_relative_to(root)]
    looked = {
        entry: LIST
        for entry in path or sys.path
        if entry and any(Path(file).is_relative_to(entry) for file in (*own, *beside))
    }
    packages = [os.path.dirname(file) for file in beside if Path(file).name == "__init__.py"]
    listed = {**looked, **dict.fromkeys(packages, LIST)}
    rights = {**listed, **dict.fromkeys((*own, *beside), READABLE)}
    return (*_of_python(installed), *rights.items())


@cache
def _of_python(installed: tuple[str, ...]) -> Allowed:
    places = dict.fromkeys([*_SYSTEM, *_python(installed)], READABLE)
    cards = [found for pattern in _CARDS for found in glob.glob(pattern)]
    return (*places.items(), *_DEVICES.items(), *((card, DEVICE | LIST) for card in cards))


def _python(installed: Sequence[str]) -> Iterator[str]:
    """Where Python, the core and installed distributions lie."""
    yield str(Path(__file__).parents[1])
    paths = sysconfig.get_paths()
    yield from (paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        yield from (os.path.join(prefix, part) for part in _OF_A_PREFIX)
    yield os.path.join(sys.prefix, "pyvenv.cfg")
    yield from filter(os.path.isabs, installed)
    yield from filter(os.path.isabs, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))


def weight_caches() -> list[str]:
    """Where pretrained weights are kept, for a plugin's trunk to read."""
    return [os.environ.get(name) or os.path.expanduser(at) for name, at in _CACHES.items()]
