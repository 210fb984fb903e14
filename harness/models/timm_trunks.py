"""Any network of timm as a trunk, by `timm:NAME`."""

from __future__ import annotations

import contextlib
import functools
import importlib
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from harness.errors import UserError, nearest
from harness.hookspecs import BackboneSource, PretrainedWeights
from harness.models.backbone import Trunk, require_image

LEVELS = 255.0
REMEDY = (
    "pip install 'metric-learning-bench[timm]' (with a CPU build of torch, torchvision must be one "
    "too)"
)


class TimmTrunk(Trunk):
    """A network of timm without its classifier."""

    def __init__(self, network: Any, input_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.network = network
        self.channels = input_shape[0]
        network.eval()
        with torch.inference_mode():
            self.feature_size = int(network(torch.zeros(1, *input_shape)).shape[1])
        network.train()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, feature_size)."""
        features: Tensor = self.network(inputs)
        return features


def timm_member(name: str) -> BackboneSource:
    """The source of one network; UserError where timm is missing or has no such network."""
    timm = import_timm()
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        close = nearest(architecture, timm.list_models())
        raise UserError(f"unknown backbone 'timm:{name}': timm has no '{architecture}'{close}")
    return BackboneSource(
        name=f"timm:{name}",
        build=functools.partial(_build, name),
        summary=f"{architecture} of timm" + (f", weights {tag}" if tag else ""),
        weights=_weights(timm, name),
        library=f"timm {metadata.version('timm')}",
    )


def import_timm() -> ModuleType:
    """Import timm; UserError that names the remedy where it is missing or torchvision is broken."""
    try:
        # By name: the core as such needs neither timm nor the torchvision that it imports.
        return importlib.import_module("timm")
    except ImportError as error:
        raise UserError(f"timm:NAME needs {error.name or 'timm'}: {REMEDY}") from error
    except RuntimeError as error:
        raise UserError(f"timm:NAME needs a torchvision that fits torch: {REMEDY}") from error


def _build(name: str, input_shape: tuple[int, ...]) -> Trunk:
    return TimmTrunk(_network(name, require_image(input_shape), pretrained=False), input_shape)


def _network(name: str, channels: int, *, pretrained: bool) -> Any:
    timm = import_timm()
    return timm.create_model(name, pretrained=pretrained, num_classes=0, in_chans=channels)


def _weights(timm: ModuleType, name: str) -> tuple[PretrainedWeights, ...]:
    """Those that timm has for the name, which it fetches and checks itself."""
    found = timm.models.get_pretrained_cfg(name)
    if found is None or not found.has_weights:
        return ()
    return (
        PretrainedWeights(
            name="pretrained",
            load=functools.partial(_load, name),
            require=functools.partial(_require, name, found),
            fetch=functools.partial(_fetch, name, len(found.mean)),
            mean=tuple(LEVELS * value for value in found.mean),
            std=tuple(LEVELS * value for value in found.std),
            source=str(found.hf_hub_id or found.url or "timm"),
        ),
    )


def _load(name: str, trunk: Trunk) -> None:
    assert isinstance(trunk, TimmTrunk)
    trunk.network.load_state_dict(_pretrained(name, trunk.channels).state_dict())


def _require(name: str, found: Any) -> None:
    """Refuse where timm would download: it looks into the same two folders."""
    if not is_cached(str(found.hf_hub_id or ""), str(found.url or "")):
        raise UserError(
            f"the weights of timm:{name} are not at hand, and a run downloads nothing: "
            f"`bench data weights timm:{name}` fetches them"
        )


def is_cached(hub: str, url: str) -> bool:
    """Whether the Hugging Face Hub's cache has any weights of `hub`, or torch's the file of `url`.

    timm takes those of the hub where it can.
    """
    if hub:
        with contextlib.suppress(ImportError):
            huggingface_hub = importlib.import_module("huggingface_hub")
            repository = hub.partition("@")[0]
            files = ("model.safetensors", "pytorch_model.bin")
            found = [huggingface_hub.try_to_load_from_cache(repository, one) for one in files]
            if any(isinstance(path, str) for path in found):
                return True
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    return bool(url) and (folder / url.rpartition("/")[2]).is_file()


def _fetch(name: str, channels: int) -> None:
    _pretrained(name, channels)


def _pretrained(name: str, channels: int) -> Any:
    """The pretrained network; UserError if its weights cannot be had."""
    try:
        return _network(name, channels, pretrained=True)
    except (OSError, RuntimeError, ValueError) as error:
        text = " ".join(str(error).split())[:160]
        raise UserError(f"the weights of timm:{name} cannot be fetched: {text}") from error
