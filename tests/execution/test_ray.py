"""The same runs on a real cluster of two nodes: what is lost with one is executed on the other.

One cluster for all tests; what needs none is tested without.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch

from harness.artifacts import Arrays
from harness.errors import UserError
from harness.execution.executor import (
    Bench,
    Finished,
    Settings,
    Stage,
    Started,
    Work,
    execute_inline,
)
from harness.execution.plan import choose_entrants, make_plan
from harness.execution.ray.capacity import Demand, count_workers, demand
from harness.execution.ray.cargo import code_of, require_same_code
from harness.execution.ray.connection import connected
from harness.execution.ray.remote import Hiring, RemoteWorker, execute_on_ray
from harness.execution.ray.worker import Actor, Place
from harness.execution.team import Lost, WorkerDied
from harness.record import Record
from harness.registry import load_registry

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
MOST_WORKERS = 2
"""Of the cluster: a core a node."""

PLUGIN = '''
import os
import time
from pathlib import Path

import torch

from harness import hookimpl, loss_method

FOLDER = Path({folder!r})


def patiently():
    """Say on which node this runs, by its raylet, and wait while the gate is shut."""
    if not (FOLDER / "gate").exists():
        return
    (FOLDER / os.environ["RAY_RAYLET_PID"]).touch()
    while (FOLDER / "gate").exists():
        time.sleep(0.01)


class Spread(torch.nn.Module):
    def __init__(self, misbehave):
        super().__init__()
        self.misbehave = misbehave

    def forward(self, embeddings, labels):
        self.misbehave()
        distances = torch.cdist(embeddings, embeddings)
        same = labels[:, None] == labels[None, :]
        return distances[same].mean() - distances[~same].mean()


def method(name, misbehave):
    return loss_method(name, lambda: Spread(misbehave), summary="of the tests", reference="none")


@hookimpl
def bench_methods():
    return [
        method("spread", lambda: None),
        method("patient", patiently),
        method("exits", lambda: os._exit(3)),
        method("hangs", lambda: time.sleep(3600)),
    ]
'''


class Site:
    """A folder that the plugin watches, and the work that its methods are."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        self.gate = folder / "gate"
        self.folder = folder
        self.plugin = folder / "toy_plugin.py"
        self.plugin.write_text(PLUGIN.format(folder=str(folder)))
        self.bench = replace(bench, registry=load_registry([self.plugin]))

    def work(self, *methods: str, seeds: int = 1, **settings: Any) -> Work:
        entrants = choose_entrants(self.bench.registry, methods)
        plan = make_plan(self.bench.protocol, self.bench.dataset.digest, entrants, seeds)
        return Work(runs=plan.runs, bench=self.bench, settings=Settings(**settings))


@pytest.fixture
def site(tmp_path: Path, bench: Bench) -> Site:
    return Site(tmp_path, replace(bench, sandbox=False))  # its methods write where they run


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A cluster of one node with one processor, for tests to add others to.

    Ray runs its workers at niceness 15: beside three busy loops they took minutes to begin.
    """
    pytest.importorskip("ray", reason="needs the extra [ray]")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 100 << 20}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        opened = Cluster(initialize_head=True, head_node_args=node)
        yield opened
        opened.shutdown()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait as long as a busy machine may need."""
    for _ in range(90_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited for fifteen minutes")


def ended(stages: list[Stage]) -> dict[str, tuple[Record, Arrays | None]]:
    """Results by run; each run began once and ended once, no more at a time than work at them."""
    open_runs = list(accumulate(1 if isinstance(stage, Started) else -1 for stage in stages))
    assert max(open_runs, default=0) <= MOST_WORKERS
    begun = [stage.run.run_id for stage in stages if isinstance(stage, Started)]
    found = [stage for stage in stages if isinstance(stage, Finished)]
    assert sorted(begun) == sorted(stage.run.run_id for stage in found)
    assert len(set(begun)) == len(begun)
    return {stage.run.run_id: (stage.record, stage.arrays) for stage in found}


def lasting(record: Record) -> Record:
    """A Record without what depends on when and how fast it ran."""
    assert record.audit is not None
    names = (
        "preparation_seconds",
        "input_seconds",
        "training_seconds",
        "processor_seconds",
        "seconds",
    )
    times = dict.fromkeys(names, 0.0)
    audit = record.audit.model_copy(update={**times, "peak_memory_bytes": None})
    return record.model_copy(update={"audit": audit, "started": "", "finished": ""})


def test_a_node_killed_in_mid_run_costs_nothing_but_time(cluster, site: Site) -> None:
    torch.set_num_threads(1)
    expected = ended(list(execute_inline(site.work("patient", seeds=2))))
    # Connected while there is one node, which then is not the one that is killed.
    with connected(cluster.address):
        found = ended(run_and_kill_a_node(cluster, site))
    assert found.keys() == expected.keys()
    for run_id, (record, arrays) in expected.items():
        assert lasting(found[run_id][0]) == lasting(record)
        theirs = found[run_id][1]
        assert arrays is not None
        assert theirs is not None
        assert theirs.keys() == arrays.keys()
        for name, array in arrays.items():
            assert array.dtype == theirs[name].dtype
            np.testing.assert_array_equal(array, theirs[name])


def run_and_kill_a_node(cluster: Any, site: Site) -> list[Stage]:
    """The stages of runs on two nodes, of which the second is killed while it executes one."""
    second = cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
    raylet = second.all_processes["raylet"][0].process.pid
    at_work, over = site.folder / str(raylet), threading.Event()
    site.gate.touch()

    def kill() -> None:
        try:
            wait_until(lambda: at_work.exists() or over.is_set())
            cluster.remove_node(second, allow_graceful=False)
        finally:
            site.gate.unlink()

    with ThreadPoolExecutor(1) as other:
        killing = other.submit(kill)
        try:
            work = site.work("patient", seeds=2, address=cluster.address, workers=None)
            stages = list(execute_on_ray(work))
        finally:
            over.set()
        killing.result()
    assert at_work.exists()
    return stages


def test_a_run_that_hangs_or_ends_its_process_costs_itself_alone(cluster, site: Site) -> None:
    # `hangs` by itself: on a busy machine the others would exceed so short a limit too.
    both = (
        site.work("spread", "exits", address=cluster.address),
        site.work("hangs", address=cluster.address, time_limit=6.0),
    )
    found = []
    for work in both:
        one_each = replace(work, runs=[run for run in work.runs if run.identity.fold == 0])
        found += [record for record, _ in ended(list(execute_on_ray(one_each))).values()]
    reasons = {one.identity.method: one.reason for one in found}
    assert reasons["spread"] is None
    assert reasons["hangs"] is not None
    assert reasons["hangs"].kind == "out-of-time"
    assert reasons["hangs"].message == "took longer than the 6 s of --time-limit"
    assert reasons["exits"] is not None
    assert reasons["exits"].kind == "died"
    said = "its process exited with code 3, at each of 2 attempts"
    assert reasons["exits"].message == said
    assert len({tuple(record.environment.items()) for record in found}) == 1


class Broken:
    """A cluster whose worker begins, then is out of reach; then what `last` says of it holds."""

    def __init__(self, last: Callable[[], object]) -> None:
        import ray

        self.exceptions = ray.exceptions
        self.place = Place("a node", "1.2.3.4", {})
        self.answers = [lambda: self.place, self.out_of_reach, last]

    def out_of_reach(self) -> object:
        raise self.exceptions.ActorUnavailableError("the line broke", None)

    def wait(self, references: list[object], **_: object) -> tuple[list[object], list[object]]:
        return references, []

    def get(self, reference: object, timeout: float | None = None) -> object:
        return self.answers.pop(0)()

    def nodes(self) -> list[dict[str, object]]:
        return [{"Alive": True, "NodeID": self.place.node}]


@pytest.mark.parametrize(("ended", "wrong"), [(True, WorkerDied), (False, Lost)])
def test_a_broken_line_is_a_death_only_if_the_process_ended(
    site: Site, ended: bool, wrong: type[Exception]
) -> None:
    """Which of the two a real cluster says first depends on how busy it is."""
    errors = pytest.importorskip("ray.exceptions", reason="needs the extra [ray]")

    def last() -> None:
        if ended:
            raise errors.ActorDiedError

    worker = RemoteWorker(Hiring(Broken(last), MagicMock(), None, None, None))  # type: ignore[arg-type]
    worker.take()
    worker.give(site.work("spread").runs[:1], attempt=1)
    with pytest.raises(wrong, match=r"on node 1\.2\.3\.4"):
        worker.take()


def test_draining_finishes_what_runs_and_begins_no_more(cluster, site: Site) -> None:
    work = site.work("spread", seeds=2, address=cluster.address)
    stages = []
    for stage in execute_on_ray(work):
        stages.append(stage)
        work.draining.set()
    assert list(ended(stages)) == [work.runs[0].run_id]


def test_closing_ends_what_still_runs(cluster, site: Site) -> None:
    site.gate.touch()
    with connected(cluster.address) as ray:
        whole = ray.cluster_resources()["CPU"]
        with closing(execute_on_ray(site.work("patient"))) as stages:
            assert isinstance(next(stages), Started)
            wait_until(lambda: ray.available_resources().get("CPU", 0) < whole)
        # The gate is still shut: only a worker that is gone leaves its processor.
        wait_until(lambda: ray.available_resources().get("CPU", 0) == whole)


def test_a_node_with_other_code_is_refused(cluster, site: Site) -> None:
    origin = site.bench.registry.method("spread").origin
    assert origin.source
    site.plugin.write_text(site.plugin.read_text() + "# changed since it was loaded\n")
    with pytest.raises(UserError, match=r"node [\d.]+: file:toy_plugin.py .* on every node"):
        list(execute_on_ray(site.work("spread", address=cluster.address)))


def test_a_worker_that_fits_no_node_is_refused(cluster, site: Site) -> None:
    with pytest.raises(UserError, match="no node has 9 processors"):
        list(execute_on_ray(site.work("spread", address=cluster.address, workers=None, threads=9)))


def test_a_gpu_is_looked_for_on_the_nodes(cluster, site: Site) -> None:
    work = site.work("spread", address=cluster.address, workers=None)
    with pytest.raises(UserError, match="no node has 1 processors and 1 of a GPU"):
        list(execute_on_ray(replace(work, bench=replace(work.bench, device=CUDA))))


def test_without_runs_no_cluster_is_looked_for(site: Site) -> None:
    work = replace(site.work("spread", address="nowhere:1"), runs=[])
    assert list(execute_on_ray(work)) == []


def test_without_ray_one_line_says_what_to_install(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install 'metric-learning-bench\[ray\]'"):
        list(execute_on_ray(site.work("spread")))


def test_ray_is_an_executor_by_name_and_on_other_machines() -> None:
    found = load_registry().executor("ray")
    assert found.distribution == "metric-learning-bench"
    assert found.item.remote
    assert not load_registry().executor("local").item.remote


def test_a_worker_takes_its_threads() -> None:
    assert demand(CPU, Settings(threads=3)) == Demand(cpus=3, gpus=0.0)


@pytest.mark.parametrize("share", [1, 2, 3, 4, 6, 7, 8, 12, 16])
def test_as_many_workers_fit_a_gpu_as_the_settings_say(share: int) -> None:
    wanted = demand(CUDA, Settings(workers_per_gpu=share))
    # Ray counts in ten-thousandths: a worker more must not fit, nor one fewer.
    parts = round(wanted.gpus * 10_000)
    assert parts == pytest.approx(wanted.gpus * 10_000)
    assert 10_000 // parts == share
    assert wanted.fit({"CPU": 64.0, "GPU": 2.0}) == 2 * share


def test_a_node_without_a_gpu_has_no_room_for_a_worker_on_one() -> None:
    assert demand(CUDA, Settings()).fit({"CPU": 64.0}) == 0


def test_processors_may_run_out_before_gpus() -> None:
    assert demand(CUDA, Settings(workers_per_gpu=4, threads=2)).fit({"CPU": 6.0, "GPU": 8.0}) == 3


def test_workers_fill_each_node_by_itself() -> None:
    nodes = [{"CPU": 3.0}, {"CPU": 5.0}, {}]
    assert count_workers(Demand(2), nodes, Settings(workers=None), runs=9) == 3
    assert count_workers(Demand(2), nodes, Settings(workers=None), runs=2) == 2


def test_workers_that_were_asked_for_may_wait_for_nodes_to_join() -> None:
    assert count_workers(Demand(2), [], Settings(workers=4), runs=9) == 4


def test_code_that_is_missing_too_much_or_other_is_told_apart() -> None:
    code = code_of(load_registry())
    require_same_code(code, dict(code))
    core = "metric-learning-bench (core)"
    for here, line in [
        ({**code, core: "0.0"}, rf"{core} is 0.0 there and {code[core]} here".replace("(", r"\(")),
        ({key: code[key] for key in code if key != core}, "core. is none there"),
        ({**code, "more (more)": "1"}, "more. is 1 there and none here"),
    ]:
        with pytest.raises(UserError, match=line.replace(r"core)", r"core\)")):
            require_same_code(here, code)


def test_memory_is_watched_until_the_run_ends(site: Site) -> None:
    work = site.work("spread")
    worker = Actor(None, site.bench.dataset)  # type: ignore[arg-type]
    assert worker.watch(work.runs[0].run_id, 1) > 1
    with pytest.raises(AttributeError):  # nothing was loaded
        worker.execute(work.runs[0].run_id, b"")
    assert worker.watch(work.runs[0].run_id, 1) == 0
