"""Trunks of plugins compute in a process of their own: as they would here, and with no way here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness import BackboneSource, Method, Objective, PretrainedWeights
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.models.backbone import Trunk
from harness.record import Record
from harness.registry import Origin, Registered, RegisteredMethod, load_registry

Write = Callable[..., Path]

TRUNK = """
import gc, os, signal, sys
import torch
from torch import nn
from harness import BackboneSource, PretrainedWeights, Trunk


class Small(Trunk):
    feature_size = 16

    def __init__(self, shape):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(shape[0], 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2)
        )
        self.last = nn.Linear(8 * (shape[1] - 2) * (shape[2] - 2), 16)
        self.register_buffer("passing", torch.ones(1), persistent=False)
        self.fixed = nn.Parameter(torch.ones(1), requires_grad=False)

    def forward(self, inputs):
        return self.last(self.layers(inputs)) * self.fixed * self.passing


def fill(trunk):
    torch.nn.init.constant_(trunk.last.bias, 0.5)


FILLED = PretrainedWeights(name="filled", load=fill, require=lambda: None, mean=(90.0,),
                           std=(50.0,), source="here")
"""
OFFER = """

KINDS = {"honest": Small}


def kind(act):
    class Acts(Small):
        def forward(self, inputs):
            act(self, inputs)
            return super().forward(inputs)

    KINDS[act.__name__] = Acts


@kind
def looks_for_labels(trunk, inputs):
    names = ("Vault", "Dataset", "Store", "Part")
    assert not [o for o in gc.get_objects() if type(o).__name__ in names]


@kind
def looks_for_an_optimizer(trunk, inputs):
    assert not [o for o in gc.get_objects() if isinstance(o, torch.optim.Optimizer) and o.state]


@kind
def patches_scores(trunk, inputs):
    import harness.execution.run, harness.training.loop
    harness.execution.run.map_at_r = harness.training.loop.map_at_r = lambda *a, **k: 1.0
    torch.isfinite = lambda x: x == x


@kind
def changes_its_weights(trunk, inputs):
    if not trunk.training:
        return
    for weight in trunk.parameters():
        weight.data.add_(0.0)
    trunk.training = True


@kind
def busy(trunk, inputs):
    import time
    while time.process_time() < 0.5 + START:
        pass


START = __import__("time").process_time()


@kind
def exits(trunk, inputs):
    os._exit(0)


@kind
def kills_its_group(trunk, inputs):
    os.killpg(os.getpgid(0), signal.SIGKILL)


@kind
def raises_an_interrupt(trunk, inputs):
    raise KeyboardInterrupt


class Wide(Small):
    def forward(self, inputs):
        return torch.cat([super().forward(inputs)] * 2, dim=1)


class Many(Small):
    def forward(self, inputs):
        return super().forward(inputs)[:1]


KINDS |= {"wide": Wide, "many": Many}


@hookimpl
def bench_backbones():
    named = {name.replace("_", "-"): kind for name, kind in KINDS.items()}
    return [
        BackboneSource(name=name, build=kind, summary="s", weights=(FILLED,))
        for name, kind in named.items()
    ]
"""


class Looks(Objective):
    def forward(self, batch, embed):
        return embed._backbone(batch.inputs).sum()


BELIEVED = "the score of the honest trunk"
OUTCOMES = {
    "looks-for-labels": BELIEVED,
    "looks-for-an-optimizer": BELIEVED,
    "patches-scores": BELIEVED,
    "changes-its-weights": BELIEVED,
    "exits": "died",
    "kills-its-group": "died",
    "raises-an-interrupt": "crashed",
    "wide": "tampered",
    "many": "tampered",
}


@pytest.fixture
def run(plugin: Write, bench: Bench, spread: Method) -> Callable[..., Record]:
    """Run a method on a trunk of the plugin, or on one that is built in this process."""
    registry = load_registry([plugin(last=TRUNK + OFFER)])
    here: dict[str, object] = {}
    exec(TRUNK, here)
    own: type[Trunk] = here["Small"]  # type: ignore[assignment]
    core = registry.origins["metric-learning-bench:core"]
    weights: tuple[PretrainedWeights] = (here["FILLED"],)  # type: ignore[assignment]
    source = BackboneSource(name="here", build=own, summary="s", weights=weights)
    registry.backbones["here"] = Registered(source, core)

    def run_on(name: str, *, method: Method = spread, **changes: object) -> Record:
        rule = bench.protocol.backbone.model_copy(update={"name": name, **changes})
        protocol = bench.protocol.model_copy(update={"backbone": rule})
        entrant = Entrant(
            RegisteredMethod(method, Origin("tests", "tests", "0", Path(__file__))), {}, "default"
        )
        where = replace(bench, registry=registry, protocol=protocol)
        plan = make_plan(protocol, bench.dataset.digest, [entrant], seeds=1)
        return execute(plan.runs[0], where)[0]

    return run_on


def told(record: Record) -> tuple[object, ...]:
    return record.init_digest, record.selected, record.validation, record.scores, record.test_digest


@pytest.mark.parametrize(
    "changes",
    [{}, {"freeze_batch_norm": True}, {"precision": "bfloat16"}, {"weights": "filled"}],
)
def test_a_trunk_computes_elsewhere_what_it_would_here(run, changes) -> None:
    """With batch norm, dropout, a weight that does not train, and all that the core decides."""
    there, here = run("honest", **changes), run("here", **changes)
    assert there.state == "done", there.reason
    assert told(there) == told(here)
    assert there.audit is not None
    assert here.audit is not None
    assert there.audit.parameters == here.audit.parameters
    assert there.audit.images_embedded == here.audit.images_embedded
    assert there.audit.backward_passes == here.audit.backward_passes


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_trunk_reaches_nothing_that_judges(run, name) -> None:
    record = run(name)
    if OUTCOMES[name] != BELIEVED:
        assert record.reason is not None
        assert record.reason.kind == OUTCOMES[name]
        return
    assert record.state == "done", record.reason
    assert told(record)[1:] == told(run("here"))[1:]


def test_what_a_trunk_computes_counts_as_the_runs(run) -> None:
    """Half a second of it, in a process that is asked from outside."""
    record = run("busy")
    assert record.state == "done", record.reason
    assert record.audit is not None
    assert record.audit.processor_seconds is not None
    assert record.audit.processor_seconds > 0.5


def test_an_ensemble_of_a_plugins_trunk_computes_as_here(
    run, make_method, spread_objective
) -> None:
    several = make_method(spread_objective, "several", members=2)
    assert told(run("honest", method=several)) == told(run("here", method=several))


def test_a_method_that_asks_for_the_network_gets_a_copy_without_code(run, make_method) -> None:
    record = run("honest", method=make_method(Looks, "looks"))
    assert record.state == "failed"
    assert record.reason is not None
    assert "this is a copy of a plugin's trunk, which computes nothing" in record.reason.message


def test_the_docs_say_how_many_were_tried() -> None:
    told = (Path(__file__).parents[2] / "docs" / "fairness.md").read_text()
    assert f"answer in other shapes | {len(OUTCOMES)} | 0 | 0 |" in told
