"""Facts of the machine that a Record carries: device, versions, memory."""

from __future__ import annotations

import gc
import importlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path

import torch

from harness import sandbox
from harness.errors import UserError
from harness.record import SANDBOX

_CLEAR_PEAK = "5"
_PACKAGES = (
    "metric-learning-bench",
    "torch",
    "numpy",
    "faiss-cpu",
    "scikit-learn",
    "pytorch-metric-learning",
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What libraries read when they are loaded."""


def choose_device(name: str, *, here: bool = True) -> torch.device:
    """Resolve `auto`, `cpu`, `cuda` or `cuda:N`; UserError if that device is not here.

    Not `here`: other machines will look for it, each for itself; `auto` is what this one has.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(
            f"--device {name}: not a device (allowed: auto, cpu, cuda, cuda:N)"
        ) from None
    if device.type == "cuda":
        if not here:
            return device
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise UserError(f"--device {name}: torch sees {count} CUDA devices here")
        make_deterministic()
    elif device.type != "cpu":
        raise UserError(f"--device {name}: not supported (allowed: auto, cpu, cuda, cuda:N)")
    return device


def set_threads(count: int) -> None:
    """Let torch use so many processor threads; their number is among a Record's facts."""
    torch.set_num_threads(count)


def limit_libraries(count: int) -> None:
    """Let the matrix libraries of this process use so many threads, also those loaded later.

    They add up in another order with other threads. Left alone they take as many as the processor
    has cores, or as whoever began this process allowed.
    """
    import threadpoolctl

    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(count)))
    threadpoolctl.threadpool_limits(count, user_api="blas")


def make_deterministic() -> None:
    """Choose the kernels that give the same bits each time; a CPU has no others here."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(mode=True, warn_only=True)


def environment(device: torch.device) -> dict[str, str]:
    """Versions and hardware that can move the last digits of a result."""
    facts = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "device": str(device),
        "threads": str(torch.get_num_threads()),
        "cpu": _processor(),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        SANDBOX: sandbox.described(),
    }
    if device.type == "cuda" and torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name(device)
        facts["cuda"] = str(torch.version.cuda)
    return facts | _versions()


@cache
def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


class PeakMemory:
    """Peak memory since it was made: of the allocator on CUDA, of the process on Linux."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._known = True
        else:
            self._known = _reset_process_peak()

    def bytes(self) -> int | None:
        """The peak in bytes; None where the system does not tell."""
        if not self._known:
            return None
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        return _process_peak()


def _reset_process_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text(_CLEAR_PEAK)
    except OSError:
        return False
    return True


def _process_peak() -> int | None:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def held_bytes(pid: int) -> int:
    """What is in main memory of a process and all below it; 0 if it is gone.

    Pages that several of them have are divided among them.
    """
    return sum(_share_of(one) for one in _family(pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except (OSError, ValueError):
        return
    for child in children:
        yield from _family(child)


def _share_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return resident_bytes(pid)
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return resident_bytes(pid)


def resident_bytes(pid: int) -> int:
    """What is in main memory of one process, shared or not; 0 if it is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


_USED_BY_EVERY_RUN = ("faiss", "safetensors.numpy")


@contextmanager
def warm() -> Iterator[None]:
    """Execute runs inside: all that they need is imported, and collecting garbage is quick.

    A run collects garbage twice, so that no objective outlives its seal. Looking through what torch
    and the other libraries hold, which is never garbage, would take longer than a short training.
    """
    for name in _USED_BY_EVERY_RUN:
        importlib.import_module(name)
    first_step()
    ours = gc.get_freeze_count() == 0
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        if ours:
            gc.unfreeze()


def first_step() -> None:
    """Take a step of an optimizer: the first loads half of torch.

    Not where torch is built for CUDA: a step asks whether there is some, and whoever has asked can
    fork no process that uses it, or takes a step itself.
    """
    if torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        return
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    torch.optim.Adam([weight]).step()
