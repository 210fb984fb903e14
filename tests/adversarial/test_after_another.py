"""No run can see that another ran before it, wherever a method keeps what it has seen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from harness import registry, sandbox
from harness.benchmark import Benchmark
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.protocol import Protocol
from harness.record import Record
from harness.registry import Registry, load_registry
from harness.store import Store

PLUGIN = """
import builtins, contextvars, json, os, pathlib, random, resource, sys, tempfile, threading
import torch
from harness import Method, Objective, hookimpl

LIST, LOCAL, VARIABLE = [], threading.local(), contextvars.ContextVar("seen", default=0)
BUFFER, DRAWS = torch.zeros(()), torch.Generator().manual_seed(0)


def in_a_list(step):
    LIST.append(step)
    return len(LIST)


def in_a_default_argument(step, seen=[]):
    seen.append(step)
    return len(seen)


def in_an_attribute_of_a_function(step):
    in_a_list.seen = getattr(in_a_list, "seen", 0) + 1
    return in_a_list.seen


def in_a_local_of_the_thread(step):
    LOCAL.seen = getattr(LOCAL, "seen", 0) + 1
    return LOCAL.seen


def in_a_context_variable(step):
    VARIABLE.set(VARIABLE.get() + 1)
    return VARIABLE.get()


def in_the_environment(step):
    os.environ["SEEN"] = str(int(os.environ.get("SEEN", 0)) + 1)
    return int(os.environ["SEEN"])


def in_another_module(step):
    json.seen = getattr(json, "seen", 0) + 1
    return json.seen


def in_a_class_of_the_core(step):
    Objective.seen = getattr(Objective, "seen", 0) + 1
    return Objective.seen


def in_builtins(step):
    builtins.seen = getattr(builtins, "seen", 0) + 1
    return builtins.seen


def in_a_tensor(step):
    return float(BUFFER.add_(1))


def in_a_generator(step):
    return float(torch.rand((), generator=DRAWS))


def in_the_global_generators(step):
    return random.random() + float(torch.rand(()))


def in_the_limits_of_the_process(step):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    return soft


def in_its_priority(step):
    return 1 + os.nice(1) % 7


def by_the_arguments(step):
    sys.argv.append("seen")
    return len(sys.argv)


def from_the_last_step_on(step):
    if step == 3:
        LIST.append(step)
    return 1 + len(LIST)


def only_while_it_is_checked(step):
    return 1 + ("harness.testing" in sys.modules)


def _in_a_file(folder):
    path = pathlib.Path(folder) / "seen"
    path.write_text(path.read_text() + "x" if path.exists() else "x")
    return len(path.read_text())


def in_its_home(step):
    return _in_a_file(pathlib.Path.home())


def in_the_temporary_folder(step):
    return _in_a_file(tempfile.gettempdir())


KINDS = [found for name, found in list(globals().items())
         if name.startswith(("in_", "by_", "from_", "only_"))]


def keeping(kind):
    class Keeps(Objective):
        def forward(self, batch, embed):
            z = embed(batch.inputs)
            same = batch.labels[:, None] == batch.labels
            return kind(batch.step) * ((z @ z.T)[~same].mean() - (z @ z.T)[same].mean())
    return Keeps


@hookimpl
def bench_methods():
    return [Method(name=k.__name__.replace("_", "-"), build=lambda h, c, k=k: keeping(k)(),
                   summary="s", reference="none") for k in KINDS]
"""
IN_THE_PROCESS = [
    *("in-a-list", "in-a-default-argument", "in-an-attribute-of-a-function"),
    *("in-a-local-of-the-thread", "in-a-context-variable", "in-the-environment"),
    *("in-another-module", "in-a-class-of-the-core", "in-builtins", "in-a-tensor"),
    *("in-a-generator", "in-the-global-generators", "in-the-limits-of-the-process"),
    *("in-its-priority", "by-the-arguments", "from-the-last-step-on", "only-while-it-is-checked"),
]
IN_FILES = ["in-its-home", "in-the-temporary-folder"]


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    path = tmp_path_factory.mktemp("plugin") / "keeps.py"
    path.write_text(PLUGIN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_entry_points", list)
        return load_registry([path])


@pytest.fixture(autouse=True)
def _chosen() -> Iterator[None]:
    yield
    sandbox.choose(None)


def runs(
    name: str, offered: Registry, protocol: Protocol, dataset: Any, *, fenced: bool
) -> list[Record]:
    """The same run twice, one after the other."""
    registered = offered.method(name)
    bench = Bench(offered, protocol, dataset, torch.device("cpu"), sandbox=fenced)
    plan = make_plan(protocol, dataset.digest, [Entrant(registered, {}, "default")], seeds=1)
    return [execute(plan.runs[0], bench)[0] for _ in range(2)]


def require_same(first: Record, second: Record) -> None:
    assert first.state == second.state == "done", first.reason or second.reason
    assert first.scores == second.scores
    assert first.selected == second.selected


@pytest.mark.parametrize("name", IN_THE_PROCESS)
def test_what_a_run_keeps_in_its_process_is_gone_with_it(
    name: str, offered: Registry, short_protocol: Protocol, tiny_dataset: Any
) -> None:
    require_same(*runs(name, offered, short_protocol, tiny_dataset, fenced=False))


@pytest.mark.skipif(bool(sandbox.lacking()), reason=sandbox.lacking())
@pytest.mark.parametrize("name", IN_FILES)
def test_what_a_run_keeps_in_files_is_gone_with_its_sandbox(
    name: str, offered: Registry, short_protocol: Protocol, tiny_dataset: Any
) -> None:
    require_same(*runs(name, offered, short_protocol, tiny_dataset, fenced=True))


SETS = """
from harness import Method, Objective, hookimpl

WORDS = [f"word {number}" for number in range(1000)]


class Ordered(Objective):
    def forward(self, batch, embed):
        z = embed(batch.inputs)
        return sum(1 + list(set(WORDS)).index(word) for word in WORDS[:9]) * (z @ z.T).mean()


@hookimpl
def bench_methods():
    return [Method(name="ordered", build=lambda h, c: Ordered(), summary="s", reference="none")]
"""


def test_the_order_of_a_set_is_the_same_in_every_session(tmp_path: Path) -> None:
    plugin, typed, called = tmp_path / "ordered.py", tmp_path / "typed", tmp_path / "called"
    plugin.write_text(SETS)
    few = ["--protocol", "smoke", "--dataset", "digits", "--seeds", "1", "--methods", "ordered"]
    command = [sys.executable, "-m", "harness.cli", "run", *few, "--workers", "1"]
    drawn = os.environ | {"PYTHONHASHSEED": "1"}
    subprocess.run(
        [*command, "--plugin", plugin, "--store", typed], env=drawn, check=True, capture_output=True
    )
    # This process drew its own, and is no bench.
    here = Benchmark(
        protocol="smoke", dataset="digits", seeds=1, methods=["ordered"], plugins=plugin
    )
    list(here.run(store=called))
    with Store.open(typed) as one, Store.open(called) as other:
        scores = [{run.run_id: run.scores for run in store.records()} for store in (one, other)]
    assert scores[0] == scores[1]
    assert len(scores[0]) == 2


def test_every_kind_is_tried(offered: Registry) -> None:
    own = {n for n, m in offered.methods.items() if m.distribution.startswith("file:")}
    assert own == {*IN_THE_PROCESS, *IN_FILES}
