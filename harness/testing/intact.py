"""The promises that what a method is given stays as it is: batch, embeddings, process."""

from __future__ import annotations

import gc
import os
import pickle
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.apart.nursery import import_libraries
from harness.testing.applicable import needs_training
from harness.testing.places import first_line
from harness.testing.toys import ToyRun, batch_for

if TYPE_CHECKING:
    from harness.method import Method
    from harness.method.objective import Outputs
    from harness.testing.toys import ToyEmbed

_GIVEN = ("inputs", "labels", "known", "indices", "second", "relevance")


def it_leaves_its_inputs_unchanged(method: Method) -> None:
    """No tensor of the batch is changed in place, and no embedding: others read them too."""
    needs_training(method)
    run, batch = ToyRun(method), batch_for(method)
    watched = {f"batch.{name}": getattr(batch, name) for name in _GIVEN}
    watched |= {f"batch.attributes[{name!r}]": codes for name, codes in batch.attributes.items()}
    watch = _Watch({name: tensor for name, tensor in watched.items() if tensor is not None})
    with first_line(watch.changed) as line:
        run.loss(batch=batch, embed=_WatchedEmbed(run.embed, watch))
    found = watch.found()
    assert not found, (
        f"{method.name}: {', '.join(found)} was changed in place ({line.text or 'not by torch'}): "
        "work on a copy"
    )


class _Watch:
    """Tensors with what they held, and the counters that torch raises with each change in place."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._seen: list[tuple[str, Tensor, int, Tensor]] = []
        for name, tensor in tensors.items():
            self.add(name, tensor)

    def add(self, name: str, tensor: Tensor) -> None:
        """Watch one more."""
        self._seen.append((name, tensor, tensor._version, tensor.detach().clone()))

    def changed(self) -> bool:
        """Whether torch counted a change."""
        return any(tensor._version != version for _, tensor, version, _ in self._seen)

    def found(self) -> list[str]:
        """The names of those that hold something else."""
        changed = [n for n, now, _, then in self._seen if not torch.equal(now.detach(), then)]
        return list(dict.fromkeys(changed))


class _WatchedEmbed:
    """An `Embed` whose results are watched."""

    def __init__(self, embed: ToyEmbed, watch: _Watch) -> None:
        self._embed = embed
        self._watch = watch

    def __call__(self, inputs: Tensor) -> Tensor:
        found = self._embed(inputs)
        self._watch.add("what embed returned", found)
        return found

    def features(self, inputs: Tensor) -> Tensor:
        found = self._embed.features(inputs)
        self._watch.add("what embed.features returned", found)
        return found

    def outputs(self, inputs: Tensor) -> Outputs:
        found = self._embed.outputs(inputs)
        for name in ("features", "linear", "embeddings"):
            self._watch.add(f"embed.outputs(...).{name}", getattr(found, name))
        return found


def _names_in(space: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in list(vars(space).items())
        if callable(value) and not isinstance(value, type)
    }


def _hooks() -> list[int]:
    module = nn.modules.module
    names = [name for name in vars(module) if name.startswith("_global_") and "hook" in name]
    return [len(found) for name in names if hasattr(found := getattr(module, name), "__len__")]


def _flushes() -> bool:
    return float(torch.tensor(1e-310, dtype=torch.float64) * 1) == 0


# What counts for every run of a process, and how it is read.
SWITCHES: Mapping[str, Callable[[], Any]] = {
    "torch's default dtype": torch.get_default_dtype,
    "torch's default device": lambda: str(torch.get_default_device()),
    "torch's grad mode": torch.is_grad_enabled,
    "torch's number of threads": torch.get_num_threads,
    "torch's deterministic algorithms": lambda: (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    ),
    "torch.backends.cudnn": lambda: (
        torch.backends.cudnn.enabled,
        torch.backends.cudnn.benchmark,
        torch.backends.cudnn.deterministic,
    ),
    "torch.backends.mkldnn": lambda: torch.backends.mkldnn.enabled,
    "torch's matmul precision": torch.get_float32_matmul_precision,
    "torch's anomaly detection": torch.is_anomaly_enabled,
    "flushing of denormal numbers": _flushes,
    "hooks on all modules": _hooks,
    "functions of torch.nn.functional": partial(_names_in, nn.functional),
    "functions of torch": partial(_names_in, torch),
    "methods of torch.Tensor": partial(_names_in, Tensor),
    "methods of nn.Module": partial(_names_in, nn.Module),
    "methods of torch.optim.Optimizer": partial(_names_in, torch.optim.Optimizer),
    "numpy's treatment of errors": np.geterr,
    "the limit of recursion": sys.getrecursionlimit,
    "collection of garbage": gc.isenabled,
    "environment variables": lambda: dict(os.environ),
    "the current folder": os.getcwd,
    "filters of warnings": lambda: list(warnings.filters),
    "handlers of signals": lambda: [signal.getsignal(one) for one in (2, 15)],
    "the streams": lambda: [stream is None or stream.closed for stream in (sys.stdout, sys.stderr)],
    "threads that go on": lambda: {thread.ident for thread in threading.enumerate()},
}
_SEEDS = ((torch, "manual_seed"), (random, "seed"), (np.random, "seed"))


def it_changes_nothing_of_its_process(method: Method) -> None:
    """No switch that counts for all is left changed, and the global generators are not seeded.

    Tried in a process that ends with it, where the libraries that a run's process begins with are
    imported.
    """
    needs_training(method)
    import_libraries()
    seeds, changed = _apart(partial(_changes, method))
    found = {f"the seed of {name}": line for name, line in seeds.items()}
    found |= {name: _apart(partial(_line_of, method, name)) for name in changed}
    listed = (f"{name} ({line})" if line else name for name, line in found.items())
    assert not found, (
        f"{method.name}: it changes {'; '.join(listed)}: other methods run where it ran; change "
        "nothing that is not its own, or put it back"
    )


def _changes(method: Method) -> tuple[dict[str, str], list[str]]:
    """The generators that a short run seeds, by line, and the switches that it leaves changed."""
    before = {name: read() for name, read in SWITCHES.items()}
    with _told_of_seeds() as seeds, suppress(Exception):
        _use(method)
    return seeds, [name for name, read in SWITCHES.items() if read() != before[name]]


def _line_of(method: Method, name: str) -> str:
    """The line of the plugin that changes a switch."""
    read = SWITCHES[name]
    before = read()
    with first_line(lambda: read() != before) as line, suppress(Exception):
        _use(method)
    return line.text


def _use(method: Method) -> None:
    """Build, prepare, a few steps in two epochs; without what puts switches back in the core."""
    run = ToyRun(method)
    for step in range(2):
        run.objective.begin_epoch(step, run.view, run.embed)
        loss = run.objective(batch_for(method, step), run.embed)
        if isinstance(loss, Tensor) and loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]


@contextmanager
def _told_of_seeds() -> Iterator[dict[str, str]]:
    """Inside, note the lines of plugins that seed a global generator."""
    told: dict[str, str] = {}
    real = [getattr(space, name) for space, name in _SEEDS]

    def tell(where: str, seed: Callable[..., Any]) -> Callable[..., Any]:
        def telling(*arguments: Any, **named: Any) -> Any:
            frame = sys._getframe(1)
            file = frame.f_code.co_filename
            if not any(part in file for part in ("/harness/", "/torch/", "/numpy/", "random.py")):
                told.setdefault(where, f"{os.path.basename(file)}:{frame.f_lineno}")
            return seed(*arguments, **named)

        return telling

    for (space, name), seed in zip(_SEEDS, real, strict=True):
        setattr(space, name, tell(f"{space.__name__}", seed))
    try:
        yield told
    finally:
        for (space, name), seed in zip(_SEEDS, real, strict=True):
            setattr(space, name, seed)


def _apart(task: Callable[[], Any]) -> Any:
    """What a task returns, done in a copy of this process; what it raises is raised here."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            answer: Any = (True, task())
        except BaseException as error:
            answer = (False, f"{type(error).__name__}: {error}")
        with os.fdopen(writing, "wb") as file:
            file.write(pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        content = file.read()
    os.waitpid(child, 0)
    if not content:
        raise AssertionError("its process ended")
    well, result = pickle.loads(content)  # noqa: S301 - of our own fork
    if not well:
        raise RuntimeError(result)
    return result
