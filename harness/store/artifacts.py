"""Arrays beside the database: one safetensors file a run, written whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError
from harness.record import Artifact
from harness.writing import write_whole

FOLDER = "artifacts"

Arrays = Mapping[str, NDArray[Any]]


def write_artifact(store: Path, run_id: str, arrays: Arrays) -> Artifact:
    """Write `arrays` under the store and name the file by its content.

    The name makes two writers of one run harmless: neither can change the file that the other's
    row points to. The file appears at once and complete, after its bytes are on the disk.
    """
    from safetensors.numpy import save

    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    digest = hashlib.sha256(content).hexdigest()
    path = Path(FOLDER) / f"{run_id}-{digest[:12]}.safetensors"
    (store / FOLDER).mkdir(exist_ok=True)
    write_whole(store / path, content)
    return Artifact(path=path.as_posix(), sha256=digest)


def read_artifact(store: Path, artifact: Artifact) -> dict[str, NDArray[Any]]:
    """Read the arrays of an artifact; raise UserError if the file is missing or was changed."""
    from safetensors.numpy import load

    path = store / artifact.path
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"store {store}: {artifact.path} is missing") from None
    if hashlib.sha256(content).hexdigest() != artifact.sha256:
        raise UserError(f"store {store}: {artifact.path} is damaged (its sha256 differs)")
    arrays: dict[str, NDArray[Any]] = load(content)
    return arrays


def remove_artifact(store: Path, artifact: Artifact) -> None:
    """Remove a file that no row points to; failing to is harmless."""
    try:
        (store / artifact.path).unlink(missing_ok=True)
    except OSError:
        return
