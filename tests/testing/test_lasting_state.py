"""What outlives a run, what no optimizer holds, and what a method changes around it is found."""

from __future__ import annotations

import contextvars
import functools
import gc
import os
import random
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness import Context, Method, Objective
from harness.testing import NotApplicable, check_method
from harness.testing.afresh import each_run_starts_afresh
from harness.testing.held import an_optimizer_holds_its_parameters
from harness.testing.intact import it_changes_nothing_of_its_process, it_leaves_its_inputs_unchanged
from harness.testing.rows import the_order_of_rows_does_not_matter

HERE = r"\(test_lasting_state\.py:\d+\)"


def pull(z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    same = labels[:, None] == labels
    cosines = z @ z.T
    return cosines[~same].mean() - cosines[same].mean()


class Sound(Objective):
    """A sound Objective with proxies, to be broken by subclasses."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.proxies = nn.Parameter(torch.randn(context.classes, context.embedding_size))

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        z = embed(batch.inputs)
        return pull(z, batch.labels) + nn.functional.cross_entropy(z @ self.proxies.T, batch.labels)


def of(build: Callable[[Context], Objective], **declared: Any) -> Method:
    return Method(
        name="mine", build=lambda _, context: build(context), summary="s", reference="r",
        **declared,
    )  # fmt: skip


SOUND = of(Sound, parameters="C * d")


@pytest.mark.parametrize(
    "check",
    [
        each_run_starts_afresh,
        an_optimizer_holds_its_parameters,
        it_leaves_its_inputs_unchanged,
        it_changes_nothing_of_its_process,
        the_order_of_rows_does_not_matter,
    ],
)
def test_a_sound_method_keeps_these_promises(check: Callable[[Method], None]) -> None:
    check(SOUND)


MEMORY: list[Any] = []


class Counting(Sound):
    seen = 0

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        type(self).seen += 1
        return super().forward(batch, embed) * self.seen


class Kept(Sound):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        MEMORY.append(self)


class Queue(Sound):
    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        loss = super().forward(batch, embed)
        MEMORY.append(loss.detach())
        return loss + torch.stack([m for m in MEMORY if isinstance(m, torch.Tensor)]).sum()


class Inner(Sound):
    def __init__(self, context: Context, inner: nn.Module) -> None:
        super().__init__(context)
        self.inner = inner

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        return super().forward(batch, embed) + self.inner(embed(batch.inputs)).mean()


@functools.lru_cache
def cached(size: int) -> nn.Module:
    return nn.Linear(size, 3)


MODULE = nn.Linear(8, 3)
BUFFER = nn.BatchNorm1d(8, affine=False)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda c: Inner(c, MODULE), r"inner\.weight, inner\.bias is the same object in every run"),
        (lambda c: Inner(c, cached(c.embedding_size)), r"inner\.weight.* is the same object"),
        (lambda c: Inner(c, BUFFER), r"inner\.running_mean.* is the same object"),
        (Counting, "the same run after another gives the losses"),
        (Queue, "the same run after another gives the losses"),
        (Kept, "the Objective of a run is still there"),
    ],
    ids=["a module", "a cache", "buffers", "a counter", "a list", "itself"],
)
def test_state_that_outlives_a_run_is_found(
    build: Callable[[Context], Objective], sentence: str
) -> None:
    MEMORY.clear()
    with pytest.raises(AssertionError, match=f"mine: .*{sentence}.*{HERE}"):
        each_run_starts_afresh(of(build))


COUNT, LOCAL = torch.zeros(()), threading.local()
VARIABLE = contextvars.ContextVar("seen", default=0)


def _in_a_default_argument(seen: list[int] = []) -> float:  # noqa: B006 - the mistake
    seen.append(0)
    return len(seen)


def _counted(space: Any) -> float:
    space.seen = getattr(space, "seen", 0) + 1
    return float(space.seen)


def _in_a_context_variable() -> float:
    VARIABLE.set(VARIABLE.get() + 1)
    return VARIABLE.get()


def _in_the_environment() -> float:
    os.environ["SEEN"] = str(int(os.environ.get("SEEN", "0")) + 1)
    return int(os.environ["SEEN"])


def _in_a_file() -> float:
    path = Path(tempfile.gettempdir()) / "seen"
    path.write_text(path.read_text() + "x" if path.exists() else "x")
    return path.stat().st_size


DRAWS = torch.Generator().manual_seed(0)
PLACES: dict[str, Callable[[], float]] = {
    "a default argument": _in_a_default_argument,
    "an attribute of a function": lambda: _counted(_counted),
    "a local of the thread": lambda: _counted(LOCAL),
    "a context variable": _in_a_context_variable,
    "the environment": _in_the_environment,
    "another module": lambda: _counted(functools),
    "a class of the core": lambda: _counted(Objective),
    "a tensor": lambda: float(COUNT.add_(1)),
    "a generator of its own": lambda: float(torch.rand((), generator=DRAWS)),
    "a file": _in_a_file,
}


@pytest.mark.parametrize("place", PLACES)
def test_state_is_found_wherever_it_is_kept(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Keeps(Sound):
        def forward(self, batch: Any, embed: Any) -> torch.Tensor:
            return PLACES[place]() * super().forward(batch, embed)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("SEEN", "0")
    for space in (functools, Objective):
        monkeypatch.setattr(space, "seen", 0, raising=False)
    with pytest.raises(AssertionError, match="the same run after another gives the losses"):
        each_run_starts_afresh(of(Keeps))


def test_what_acts_only_after_the_steps_of_the_check_is_not_found() -> None:
    """As docs/fairness.md says; a run's process does not outlive it, so that it harms none."""

    class Waits(Sound):
        def forward(self, batch: Any, embed: Any) -> torch.Tensor:
            if batch.step >= 500:
                MEMORY.append(batch)
            return super().forward(batch, embed)

    each_run_starts_afresh(of(Waits))


class Listed(Sound):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.others = [nn.Linear(context.embedding_size, 1)]

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        return super().forward(batch, embed) + self.others[0](embed(batch.inputs)).mean()


class Later(Sound):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.late: nn.Module | None = None

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        z = embed(batch.inputs)
        self.late = self.late or nn.Linear(z.shape[1], 1)
        return super().forward(batch, embed) + self.late(z).mean()


class Replaced(Sound):
    def begin_epoch(self, epoch: int, view: Any, embed: Any) -> None:
        self.proxies = nn.Parameter(self.proxies.detach().clone())


class Lazy(Sound):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.head = nn.LazyLinear(1)

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        return super().forward(batch, embed) + self.head(embed(batch.inputs)).mean()


class Plain(Sound):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.scale = torch.ones((), requires_grad=True)

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        return super().forward(batch, embed) * self.scale


class Prepared(Sound):
    def prepare(self, view: Any, embed: Any) -> None:
        self.proxies = nn.Parameter(self.proxies.detach().clone())


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        (Listed, r"no optimizer holds others\[0\]\.(weight|bias) .*: keep modules in an nn\.Modul"),
        (Later, r"no optimizer holds late\.(weight|bias) .*: it is made after the optimizer was"),
        (Replaced, r"no optimizer holds proxies .*: it is made after the optimizer was"),
        (Lazy, r"head\.weight, head\.bias has no size before .*: give its size, from context"),
        (Plain, r"no optimizer holds scale .*nn\.Parameter"),
    ],
)
def test_what_no_optimizer_holds_is_named_with_the_cure(
    objective: type[Sound], sentence: str
) -> None:
    with pytest.raises(AssertionError, match=sentence):
        an_optimizer_holds_its_parameters(of(objective))


def test_what_is_made_while_preparing_is_held() -> None:
    an_optimizer_holds_its_parameters(of(Prepared))


class Embeddings(Sound):
    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        z = embed(batch.inputs)
        z.mul_(2)
        return pull(z, batch.labels)


class Labels(Sound):
    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        batch.labels[0] = 1
        return super().forward(batch, embed)


class Numpy(Sound):
    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        batch.inputs.numpy()[0] = 1
        return super().forward(batch, embed)


class Features(Sound):
    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        outputs = embed.outputs(batch.inputs)
        outputs.features.detach().zero_()
        return pull(outputs.embeddings, batch.labels)


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        (Embeddings, f"what embed returned was changed in place {HERE}"),
        (Labels, rf"batch\.labels was changed in place {HERE}"),
        (Numpy, r"batch\.inputs was changed in place \(not by torch\)"),
        (Features, rf"embed\.outputs\(\.\.\.\)\.features was changed in place {HERE}"),
    ],
)
def test_what_is_changed_in_place_is_named_with_the_line(
    objective: type[Sound], sentence: str
) -> None:
    with pytest.raises(AssertionError, match=sentence):
        it_leaves_its_inputs_unchanged(of(objective))


def doing(change: Callable[[], object]) -> Method:
    class Changing(Sound):
        def forward(self, batch: Any, embed: Any) -> torch.Tensor:
            change()
            return super().forward(batch, embed)

    return of(Changing)


def _patch() -> None:
    nn.functional.normalize = lambda x, **_: x


CHANGES: dict[str, Callable[[], object]] = {
    "torch's default dtype": lambda: torch.set_default_dtype(torch.float64),
    "torch's grad mode": lambda: torch._C._set_grad_enabled(False),
    "torch's number of threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "torch's deterministic algorithms": lambda: torch.use_deterministic_algorithms(True),
    "torch.backends.mkldnn": lambda: setattr(torch.backends.mkldnn, "enabled", False),
    "flushing of denormal numbers": lambda: torch.set_flush_denormal(True),
    "hooks on all modules": lambda: nn.modules.module.register_module_forward_hook(print),
    "functions of torch.nn.functional": _patch,
    "methods of nn.Module": lambda: setattr(nn.Module, "train", lambda self, _=True: self),
    "numpy's treatment of errors": lambda: np.seterr(all="raise"),
    "collection of garbage": gc.disable,
    "environment variables": lambda: os.environ.update(OMP_NUM_THREADS="64"),
    "the current folder": lambda: os.chdir("/"),
    "filters of warnings": lambda: warnings.simplefilter("error"),
    "the streams": lambda: sys.stdout and sys.stdout.close(),
    "threads that go on": lambda: threading.Thread(
        target=threading.Event().wait, daemon=True
    ).start(),
    "the seed of torch": lambda: torch.manual_seed(3),
    "the seed of numpy.random": lambda: np.random.seed(3),
    "the seed of random": lambda: random.seed(3),
}


@pytest.mark.parametrize("switch", CHANGES)
def test_a_switch_for_all_is_named_with_the_line(switch: str) -> None:
    environment, folder = dict(os.environ), os.getcwd()
    with pytest.raises(AssertionError, match=rf"mine: it changes .*{switch} {HERE}"):
        it_changes_nothing_of_its_process(doing(CHANGES[switch]))
    assert (dict(os.environ), os.getcwd()) == (environment, folder)
    assert torch.get_default_dtype() == torch.float32


class InFours(Sound):
    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        z = embed(batch.inputs).view(8, 4, -1)
        return (z - z.mean(dim=1, keepdim=True)).square().sum()


class InPairs(Sound):
    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        z = embed(batch.inputs)
        return (z[::2] - z[1::2]).square().sum()


@pytest.mark.parametrize("objective", [InFours, InPairs])
def test_a_loss_that_goes_by_the_place_of_a_row_is_found(objective: type[Sound]) -> None:
    with pytest.raises(AssertionError, match="with the rows in another order: go by"):
        the_order_of_rows_does_not_matter(of(objective))


def test_a_composition_that_has_an_order_may_be_gone_by() -> None:
    with pytest.raises(NotApplicable, match="declares pairs, which have an order"):
        the_order_of_rows_does_not_matter(of(InPairs, batch="pairs"))


def test_what_changes_a_switch_is_told_that_alone() -> None:
    failed = [
        one
        for one in check_method(doing(CHANGES["torch's default dtype"]))
        if one.outcome == "fail"
    ]
    assert [finding.check for finding in failed] == ["it changes nothing of its process"]
    assert torch.get_default_dtype() == torch.float32
