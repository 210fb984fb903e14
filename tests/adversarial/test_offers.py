"""Datasets and trunks of plugins: what they say of themselves is not believed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.loading import load_dataset
from harness.errors import UserError
from harness.execution.executor import Bench
from harness.execution.trunks import require_sound_trunk
from harness.registry import load_registry

Write = Callable[..., Path]

DATA = """
import numpy as np
from harness import Dataset, DatasetSource

class Fake(Dataset):
    digest = "0" * 64
    def measure_digest(self):
        return self.digest
    def __len__(self):
        return 3

def load():
    {first}
    inputs = np.zeros((8, 4), dtype=np.float32)
    inputs[0, 0] = {value}
    return Fake(name="faked", inputs=inputs, labels=np.arange(8) // 2, class_names=tuple("abcd"),
                source="s", licence="l", parts=np.zeros(8, dtype=np.int8))

@hookimpl
def bench_datasets():
    return [DatasetSource(name="faked", load=load, summary="s")]
"""


def loaded(plugin: Write, *, value: float = 1.0, first: str = "pass") -> Dataset:
    path = plugin(last=DATA.format(value=value, first=first))
    return load_dataset(load_registry([path]), "faked")


def test_the_digest_of_a_dataset_is_that_of_its_content(plugin: Write) -> None:
    one, other = loaded(plugin, value=1.0), loaded(plugin, value=2.0)
    assert type(one) is Dataset
    assert len(one) == 8
    assert one.digest != other.digest
    plain = Dataset(
        name="faked",
        inputs=np.asarray(one.inputs).copy(),
        labels=np.arange(8) // 2,
        class_names=tuple("abcd"),
        source="s",
        licence="l",
        parts=np.zeros(8, dtype=np.int8),
    )
    assert one.digest == plain.digest


ENDS = {
    "exits": ("import os; os._exit(0)", "exited with code 0"),
    "raises": ("raise OSError('no such disk')", "OSError: no such disk"),
    "is interrupted": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "returns something else": ("return {}", "load returned dict"),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_loader_that_fails_is_one_line(kind: str, plugin: Write) -> None:
    first, reason = ENDS[kind]
    with pytest.raises(UserError) as raised:
        loaded(plugin, first=first)
    assert reason in str(raised.value)
    assert "(file:bad.py 0)" in str(raised.value)


def test_a_loader_runs_in_no_session(plugin: Write, tmp_path: Path) -> None:
    cwd = os.getcwd()
    loaded(plugin, first="import os; os.chdir('/'); os.environ['HARMED'] = '1'")
    assert (os.getcwd(), "HARMED" in os.environ) == (cwd, False)


TRUNK = """
import os, torch
from harness import BackboneSource, Trunk

OWN = int.from_bytes(os.urandom(4), "big")

class Small(Trunk):
    feature_size = 4
    def __init__(self, shape):
        super().__init__()
        size = 1
        for part in shape:
            size *= part
        self.layer = torch.nn.Linear(size, 4)
        {more}
    def forward(self, x):
        return self.layer(x.flatten(1))

@hookimpl
def bench_backbones():
    return [BackboneSource(name="small", build=Small, summary="s")]
"""
UNSEEDED = {
    "a draw of its own": (
        "g = torch.Generator().manual_seed(int.from_bytes(os.urandom(4), 'big')); "
        "torch.nn.init.normal_(self.layer.weight, generator=g)"
    ),
    "a draw when imported": (
        "torch.nn.init.normal_(self.layer.weight, generator=torch.Generator().manual_seed(OWN))"
    ),
    "the process": "torch.nn.init.constant_(self.layer.bias, float(os.getpid()))",
}


def bench_of(plugin: Write, bench: Bench, more: str) -> Bench:
    from dataclasses import replace

    rule = bench.protocol.backbone.model_copy(update={"name": "small"})
    return replace(
        bench,
        registry=load_registry([plugin(last=TRUNK.format(more=more))]),
        protocol=bench.protocol.model_copy(update={"backbone": rule}),
    )


@pytest.mark.parametrize("kind", UNSEEDED)
def test_a_trunk_that_is_not_seeded_is_refused_before_the_first_run(
    kind: str, plugin: Write, bench: Bench
) -> None:
    with pytest.raises(UserError, match="built again from the same seed it has other weights"):
        require_sound_trunk(bench_of(plugin, bench, UNSEEDED[kind]))


def test_a_trunk_that_is_seeded_is_not(plugin: Write, bench: Bench) -> None:
    require_sound_trunk(bench_of(plugin, bench, "pass"))
