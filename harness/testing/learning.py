"""The last promise: on an easy toy, a run of the core's own makes the embedding better."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from harness.data import numpy_stream
from harness.data.dataset import Attribute, Dataset
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.hookspecs import BackboneSource
from harness.method import Method
from harness.models.convnet import build_mlp
from harness.registry import Origin, Registered, RegisteredMethod, Registry
from harness.testing.applicable import NotApplicable, needs_training
from harness.testing.toy_protocol import toy_protocol

if TYPE_CHECKING:
    from harness.method.objective import Objective
    from harness.record import Record

CLASSES, SAMPLES, SIGNAL, FEATURES = 48, 8, 6, 24
# A loss of random numbers drifts to 1.5 times the untrained score; the weakest known method
# reaches five times.
ENOUGH = 2.0
_GROUPS = tuple(f"group {index}" for index in range(CLASSES // 4))


def it_beats_the_untrained_embedding(method: Method) -> None:
    """A short run of the core's own doubles MAP@R on toy classes that were not trained on.

    A closed-set method is tested on new samples of the classes that it was trained on.
    """
    if not method.readout:
        needs_training(method)
    if method.labels == "none":
        raise NotApplicable(f"{method.name} sees no labels and promises no classes")
    if method.control:
        raise NotApplicable(f"{method.name} is a control and promises not to learn")
    record = toy_record(method)
    reason = record.reason.message if record.reason else ""
    if record.state == "skipped":
        raise NotApplicable(f"{method.name} {reason}")
    assert record.state == "done", f"{method.name}: a run on the toy failed: {reason}"
    before = _map_at_r(_untrained(closed_set=method.setting == "closed-set"))
    after = _map_at_r(record)
    assert after >= ENOUGH * before, (
        f"{method.name}: on an easy toy, MAP@R is {before:.3f} untrained and {after:.3f} trained: "
        "it does not learn"
    )


def toy_record(method: Method) -> Record:
    """The Record of one run of a method, at its defaults, on the toy."""
    origin = Origin("toy", "harness.testing", "0", Path(__file__).parent)
    registry = Registry()
    registry.methods[method.name] = RegisteredMethod(method, origin)
    registry.backbones["mlp"] = Registered(
        BackboneSource(name="mlp", build=build_mlp, summary="one hidden layer"), origin
    )
    protocol, dataset = toy_protocol(closed_set=method.setting == "closed-set"), toy_dataset()
    entrant = Entrant(registry.methods[method.name], method.defaults(), "default")
    plan = make_plan(protocol, dataset.digest, [entrant], seeds=1)
    record, _ = execute(plan.runs[0], Bench(registry, protocol, dataset, torch.device("cpu")))
    return record


def toy_dataset() -> Dataset:
    """Two clusters a class, with noise: float32 (384, 24), 48 classes of 8 samples.

    A class is a point in six dimensions. Each sample stands on one side or the other of a wide
    gap that means nothing, and noise fills the other dimensions; all is rotated at random. What
    is learned from some classes (ignore the gap, ignore the noise) holds for all others.
    """
    draw = numpy_stream(0, "toy dataset")
    labels = np.repeat(np.arange(CLASSES), SAMPLES)
    centers = 2.0 * draw.normal(size=(CLASSES, SIGNAL))
    inputs = draw.normal(size=(len(labels), FEATURES))
    inputs[:, :SIGNAL] = centers[labels] + 0.5 * inputs[:, :SIGNAL]
    inputs[:, SIGNAL] += 8.0 * (np.arange(len(labels)) % 2)
    rotation, _ = np.linalg.qr(draw.normal(size=(FEATURES, FEATURES)))
    return Dataset(
        name="toy",
        inputs=(inputs @ rotation).astype(np.float32),
        labels=labels.astype(np.int64),
        class_names=tuple(f"class {index}" for index in range(CLASSES)),
        source="harness.testing",
        licence="MIT",
        attributes={"group": Attribute(values=labels // 4, names=_GROUPS)},
        hierarchy="group",
    )


@lru_cache(maxsize=2)
def _untrained(*, closed_set: bool) -> Record:
    return toy_record(
        Method(
            name="untrained",
            build=_nothing,
            summary="the initial weights",
            reference="harness.testing",
            trained=False,
            setting="closed-set" if closed_set else "any",
        )
    )


def _nothing(*_: object) -> Objective:
    raise RuntimeError("never built")


def _map_at_r(record: Record) -> float:
    assert record.scores is not None, "a run on the toy was not scored"
    return record.scores.values["map_at_r"]
