"""Datasets of plugins that lie, change, or hold up who reads them: what arrives is checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import registry, sandbox
from harness.data.dataset import Dataset, DatasetChanged, MappedArray
from harness.data.loading import load_dataset
from harness.errors import UserError
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.protocol import Protocol
from harness.registry import Registry, load_registry

PLUGIN = '''
import json, os
from pathlib import Path
import numpy as np
from harness import Dataset, DatasetSource, Method, Objective, hookimpl

HERE = Path({here!r})
LABELS = np.repeat(np.arange(12), 6)
SEEN = []


class Unchecked(Dataset):
    """As the plugin's own process would have it."""
    def __post_init__(self):
        pass


def images():
    return np.random.default_rng(0).integers(0, 255, (72, 1, 8, 8), dtype=np.uint8)


def made(name, inputs=None, labels=LABELS, kind=Dataset, **more):
    facts = dict(class_names=tuple(f"c{{n}}" for n in range(12)), source="s", licence="l")
    inputs = images() if inputs is None else inputs
    return kind(name=name, inputs=inputs, labels=labels, **{{**facts, **more}})


def differs(name):
    return made(name, inputs=images() ^ np.frombuffer(os.urandom(8), dtype=np.uint8))


def another_name(name):
    return made("glyphs-2")


def not_finite(name):
    return made(name, np.full((72, 4), np.nan, dtype=np.float32), kind=Unchecked)


def labels_of_no_class(name):
    return made(name, labels=LABELS + 1, kind=Unchecked)


def labels_of_another_type(name):
    return made(name, labels=LABELS.astype(np.float64), kind=Unchecked)


def fewer_labels(name):
    return made(name, labels=LABELS[:-1], kind=Unchecked)


class Turning(np.ndarray):
    def tofile(self, file, *_):
        (255 - np.asarray(self)).tofile(file)


def another_when_written(name):
    return made(name, images().view(Turning))


def pickled(name):
    np.save = lambda path, array, **_: Path(path).write_bytes(b"\\x93NUMPY\\x01\\x00" + bytes(64))
    return made(name)


def a_pipe(name):
    np.save = lambda path, array, **_: os.mkfifo(path)
    return made(name)


def a_link_to_a_device(name):
    np.save = lambda path, array, **_: os.symlink("/dev/zero", path)
    return made(name)


def says(**facts):
    import harness.data.handing_over as handing_over
    write = handing_over._write
    handing_over._write = lambda dataset, folder: {{**write(dataset, folder), **facts}}


def mapped_device(name):
    says(mapped="/dev/zero")
    return made(name)


def mapped_text(name):
    says(mapped=__file__)
    return made(name)


def facts_of_odd_types(name):
    says(class_names=[1, 2, 3])
    return made(name)


def facts_that_are_missing(name):
    import harness.data.handing_over as handing_over
    handing_over._write = lambda dataset, folder: {{}}
    return made(name)


def names_without_end(name):
    says(class_names=["y" * 1000] * 20_000)
    return made(name)


def on_disk(name):
    from harness.data.dataset import map_array
    SEEN.append(LABELS)
    path = HERE / "inputs.npy"
    if not path.exists():
        np.save(path, images())
    return made(name, map_array(path))


def prints(name):
    print("\\x1b[31mred\\x1b]0;title\\x07")
    for done in (10, 60, 99):
        print(f"{{done}} %", end="\\r", flush=True)
    print("done")
    os.write(2, "\\u202etxt.exe \\x9b2J".encode())
    return made(name)


KINDS = [prints, differs, another_name, not_finite, labels_of_no_class, labels_of_another_type,
         fewer_labels, another_when_written, pickled, a_pipe, a_link_to_a_device, mapped_device,
         mapped_text, facts_of_odd_types, facts_that_are_missing, names_without_end, on_disk]


class Looks(Objective):
    def forward(self, batch, embed):
        assert not SEEN, "what the loader read"
        if {act!r} == "writes":
            with open(HERE / "inputs.npy", "r+b") as file:
                file.seek(-64, 2)
                file.write(bytes(64))
        return embed(batch.inputs).square().sum(1).mean() * 0.5


@hookimpl
def bench_datasets():
    return [DatasetSource(name=k.__name__, load=lambda k=k: k(k.__name__), summary="s")
            for k in KINDS]


@hookimpl
def bench_methods():
    return [Method(name="looks", build=lambda h, c: Looks(), summary="s", reference="none")]
'''
REFUSED = {
    "another_name": "load returned one that is named 'glyphs-2'",
    "not_finite": "inputs hold values that are not finite",
    "labels_of_no_class": "labels must lie in 0..11",
    "labels_of_another_type": "labels must be int64",
    "fewer_labels": "labels must be int64 (72,), not int64 (71,)",
    "pickled": "ValueError",
    "a_pipe": "inputs.npy is no file",
    "a_link_to_a_device": "inputs.npy is no file",
    "mapped_device": "zero is no file",
    "mapped_text": "ValueError",
    "facts_of_odd_types": "a int where a text belongs",
    "facts_that_are_missing": "KeyError",
    "names_without_end": "it declares more than 16 MB",
}


@pytest.fixture(autouse=True)
def _unfenced() -> Iterator[None]:
    """Without a sandbox, which not every system has: in it nobody writes to the data."""
    sandbox.choose(False)
    yield
    sandbox.choose(None)


def plugin(folder: Path, act: str = "") -> Registry:
    path = folder / "data.py"
    path.write_text(PLUGIN.format(here=str(folder), act=act))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_entry_points", list)
        return load_registry([path])


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return plugin(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_dataset_is_refused_in_one_line(kind: str, offered: Registry) -> None:
    with pytest.raises(UserError) as raised:
        load_dataset(offered, kind)
    line = str(raised.value)
    assert REFUSED[kind] in line
    assert "(file:data.py 0)" in line
    assert line.isprintable()
    assert len(line) < 1200


def test_what_a_loader_prints_reaches_the_terminal_escaped(
    offered: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    load_dataset(offered, "prints")
    output, error = capfd.readouterr()
    assert output == ""
    assert error.splitlines() == [
        r"plugin data: \x1b[31mred\x1b]0;title\x07",
        "plugin data: done",
        r"plugin data: \u202etxt.exe \x9b2J",
    ]


def test_a_dataset_that_is_another_each_time_has_another_digest(offered: Registry) -> None:
    digests = {load_dataset(offered, "differs").digest for _ in range(2)}
    assert len(digests) == 2


def test_the_digest_is_of_what_arrived_not_of_what_the_plugin_held(offered: Registry) -> None:
    dataset = load_dataset(offered, "another_when_written")
    assert type(dataset) is Dataset
    assert type(dataset.inputs) is np.ndarray
    held = np.random.default_rng(0).integers(0, 255, (72, 1, 8, 8), dtype=np.uint8)
    assert np.array_equal(dataset.inputs, 255 - held)
    assert dataset.digest == dataset.measure_digest()


@pytest.mark.parametrize("act", ["", "touches", "writes"])
def test_inputs_on_disk_that_change_while_runs_read_them_end_the_session(
    act: str, tmp_path: Path, short_protocol: Protocol
) -> None:
    found = plugin(tmp_path, act)
    dataset = load_dataset(found, "on_disk")
    assert isinstance(dataset.inputs, MappedArray)
    registered = found.method("looks")
    entrant = Entrant(registered, {}, "default")
    run = make_plan(short_protocol, dataset.digest, [entrant], seeds=1).runs[0]
    if act == "touches":
        os.utime(tmp_path / "inputs.npy")
    bench = Bench(found, short_protocol, dataset, torch.device("cpu"), sandbox=False)
    if act == "writes":
        with pytest.raises(DatasetChanged, match=r"inputs\.npy changed while runs read it"):
            execute(run, bench)
        return
    record, _ = execute(run, bench)
    assert record.state == "done", record.reason
    assert not dataset.inputs.was_written()


def test_a_worker_that_maps_another_file_finds_it(tmp_path: Path) -> None:
    import pickle

    from harness.data.dataset import map_array

    path = tmp_path / "inputs.npy"
    np.save(path, np.zeros((4, 1, 2, 2), dtype=np.uint8))
    labels = np.array([0, 0, 1, 1])
    facts: dict[str, Any] = {"class_names": ("a", "b"), "source": "s", "licence": "l"}
    dataset = Dataset(name="d", inputs=map_array(path), labels=labels, **facts)
    assert dataset.digest
    crossing = pickle.dumps(dataset)
    np.save(tmp_path / "other.npy", np.ones((4, 1, 2, 2), dtype=np.uint8))
    (tmp_path / "other.npy").replace(path)
    dataset.require_unchanged()  # what it mapped is still there
    with pytest.raises(DatasetChanged):
        pickle.loads(crossing).require_unchanged()
