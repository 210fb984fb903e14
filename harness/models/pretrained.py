"""Files of pretrained weights: found, compared with their digest, loaded; fetched when asked."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.home import data_home
from harness.errors import UserError, unreadable
from harness.models import WeightsFile

if TYPE_CHECKING:
    from torch import Tensor

    from harness.models.backbone import Trunk

_BLOCK = 1 << 20


def require_file(file: WeightsFile) -> Path:
    """Return where the file lies; nothing is downloaded.

    Raises UserError where it is not at hand, or is another file than the one published.
    """
    path = _in_package(file) if file.package else _in_home(file)
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != file.sha256:
        raise UserError(
            f"{path}: is not {file.name} as published (sha256 {digest[:12]}, not "
            f"{file.sha256[:12]}): half a download, or another version"
        )
    return path


def fetch_file(file: WeightsFile) -> Path:
    """Download the file if it is not there; UserError where it cannot be had."""
    folder = data_home() / "weights"
    if not file.package and not (folder / file.name).is_file():
        import pooch

        try:
            pooch.retrieve(
                file.url, known_hash=f"sha256:{file.sha256}", fname=file.name, path=folder
            )
        except (OSError, ValueError) as error:
            raise UserError(
                f"{file.name} cannot be fetched from {file.url} ({_short(error)}): "
                f"put a copy of it into {folder}"
            ) from error
    return require_file(file)


def load_weights(file: WeightsFile, trunk: Trunk) -> None:
    """Put a published file's weights into a trunk; UserError where they do not fit it."""
    put_weights(trunk, read_weights(require_file(file)), classifier=file.classifier)


def put_weights(trunk: Trunk, state: Mapping[str, Tensor], *, classifier: Sequence[str]) -> None:
    """Put a whole network's state dict into a trunk, its classifier left out.

    Batch norms written as (1, C), as Caffe's were, are taken as (C,). Raises UserError where names
    or shapes are not the trunk's.
    """
    flat = trunk.state_dict()
    kept = {}
    for name, value in state.items():
        if name.startswith(tuple(classifier)):
            continue
        row = name in flat and value.ndim == 2 and flat[name].ndim == 1 and len(value) == 1
        kept[name] = value[0] if row else value
    try:
        trunk.load_state_dict(kept)
    except RuntimeError as error:
        raise UserError(f"weights do not fit {type(trunk).__name__}: {_short(error)}") from error


def read_weights(path: Path) -> Mapping[str, Tensor]:
    """Read a state dict from a .pth or .safetensors file; nothing in it is executed.

    Raises UserError for a file that holds anything but tensors by name.
    """
    import torch
    from safetensors import SafetensorError

    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state: object = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path}: holds no weights that can be read: it is damaged, or holds Python objects, "
            "which are never loaded"
        ) from error
    except (OSError, RuntimeError, ValueError, EOFError, SafetensorError) as error:
        raise unreadable(path, path.suffix[1:], error) from error
    if not isinstance(state, Mapping) or not all(torch.is_tensor(v) for v in state.values()):
        raise UserError(f"{path}: holds no state dict")
    return state


def _in_package(file: WeightsFile) -> Path:
    spec = find_spec(file.package)
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        path = Path(folder) / file.inside
        if path.is_file():
            return path
    raise UserError(f"{file.name} is in {file.package}, which is not installed: {file.remedy}")


def _in_home(file: WeightsFile) -> Path:
    folder = data_home() / "weights"
    if (folder / file.name).is_file():
        return folder / file.name
    raise UserError(
        f"{file.name} is not at hand, and a run downloads nothing: "
        f"`bench data weights {file.backbone}` fetches it, or put a copy of it into {folder}"
    )


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else f"{text[:157]}..."
