"""Arrays of images or of feature vectors with their labels: .npz, .npy and .safetensors."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Dataset
from harness.data.mapped import open_array
from harness.data.own.columns import INPUTS, LABELS, SPLITS, class_codes, maybe, part_codes, pick
from harness.errors import UserError

Arrays = Mapping[str, npt.NDArray[Any]]
_CHANNELS = (1, 3)
_STARTS = {".npy": b"\x93NUMPY", ".npz": b"PK"}


def load_arrays(path: Path) -> Dataset:
    """Load inputs and labels from a .npz or .safetensors file, or a .npy file and one beside it.

    Images: uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), C of 1 or 3. Vectors: real numbers
    (N, D), which become float32. Labels: whole numbers, or texts in .npz and .npy. The labels of
    X.npy are in X.labels.npy or labels.npy. Raises UserError, and never opens a pickle.
    """
    arrays = _READERS[path.suffix.lower()](path)
    inputs = _inputs(arrays[pick("array of inputs", INPUTS, arrays, path)], path)
    labels = class_codes(arrays[pick("array of labels", LABELS, arrays, path)], path)
    if len(inputs) != len(labels.values):
        raise UserError(f"{path}: {len(inputs)} inputs do not go with {len(labels.values)} labels")
    split = maybe(SPLITS, arrays)
    return Dataset(
        name=path.name,
        inputs=inputs,
        labels=labels.values,
        class_names=labels.names,
        source=f"a person's own arrays: {path.name}",
        licence="the owner's",
        parts=None if split is None else part_codes(arrays[split], path),
    )


def _inputs(array: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    if array.ndim == 2 and array.dtype.kind == "f":
        vectors = array.astype(np.float32, copy=False)
        if not np.isfinite(vectors).all():
            raise UserError(f"{path}: vectors hold values that are not finite")
        return vectors
    if array.dtype != np.uint8:
        raise UserError(
            f"{path}: inputs are {array.dtype} {array.shape}; images are uint8 of three or four "
            "dimensions, vectors real numbers of two"
        )
    if array.ndim == 3:
        return array[:, np.newaxis]
    if array.ndim == 4 and array.shape[1] in _CHANNELS:
        return array
    if array.ndim == 4 and array.shape[3] in _CHANNELS:
        return np.ascontiguousarray(array.transpose(0, 3, 1, 2))
    raise UserError(f"{path}: images of shape {array.shape} have no 1 or 3 channels")


def _npz(path: Path) -> Arrays:
    _check_start(path)
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError: a damaged header can ask for a password or another version of zip.
        raise _refused(path, error) from error


def _npy(path: Path) -> Arrays:
    beside = [path.with_suffix(".labels.npy"), path.with_name("labels.npy")]
    labels = next((one for one in beside if one.exists()), None)
    if labels is None:
        raise UserError(f"{path}: no labels beside it ({' or '.join(one.name for one in beside)})")
    return {"inputs": _one(path), "labels": _one(labels)}


def _one(path: Path) -> npt.NDArray[Any]:
    _check_start(path)
    try:
        return open_array(path)
    except (ValueError, OSError, EOFError) as error:
        raise _refused(path, error) from error


def _check_start(path: Path) -> None:
    start = _STARTS[path.suffix.lower()]
    try:
        with path.open("rb") as file:
            found = file.read(len(start))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    if found != start:
        raise UserError(f"{path}: is not a {path.suffix[1:]} file, whatever its name says")


def _safetensors(path: Path) -> Arrays:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: Exception) -> UserError:
    text = " ".join(str(error).split())
    if "pickle" in text:
        return UserError(f"{path}: holds pickled objects, which could run any code: refused")
    return UserError(f"{path}: is cut off or damaged ({text})")


_READERS = {".npz": _npz, ".npy": _npy, ".safetensors": _safetensors}
SUFFIXES = frozenset(_READERS)
