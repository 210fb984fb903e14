"""The arrays of a run: what each is called, and files of them, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError
from harness.record import Artifact

Arrays = Mapping[str, NDArray[Any]]
"""By name: those of a run, by `RunArray` and `per_query`."""


class RunArray(StrEnum):
    """Names of the arrays that a run leaves: of N test samples, Q of which ask, and S steps."""

    TEST_EMBEDDINGS = "test_embeddings"  # float (N, D)
    TEST_LABELS = "test_labels"  # int64 (N,)
    TEST_POSITIONS = "test_positions"  # int64 (N,), in the dataset
    TEST_ROLES = "test_roles"  # int64 (N,): 0 for a query, 1 and on for galleries, -1 for neither
    TEST_EXCLUDE = "test_exclude"  # int64 (N, X), codes of the columns that exclude answers
    TRAIN_EMBEDDINGS = "train_embeddings"  # float (M, D), where the training part is searched
    TRAIN_LABELS = "train_labels"  # int64 (M,)
    QUERIES = "queries"  # int64 (Q,), which test samples ask
    LOSSES = "losses"  # float (S,)


def per_query(metric: str) -> str:
    """The name of a metric's scores of single queries: float64 (Q,)."""
    return f"per_query.{metric}"


FOLDER = "artifacts"


def write_artifact(store: Path, run_id: str, arrays: Arrays) -> Artifact:
    """Write `arrays` under the store and name the file by its content.

    The name makes two writers of one run harmless: neither can change the file that the other's
    row points to. The file appears at once and complete, after its bytes are on the disk.
    """
    from safetensors.numpy import save

    content = save({str(name): np.ascontiguousarray(array) for name, array in arrays.items()})
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


TEMPORARY = ".tmp"
"""What a file's name ends in while it is written."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once and complete, its bytes on the disk before its name is.

    What stood there stays until then. Raises OSError with nothing left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read_json(path: Path, *, where: str = "", maker: str = "") -> Any:
    """What a JSON file holds, whatever it is.

    Raises UserError where it cannot be read or is none: `where` the file's address, `maker` the
    command that makes one.
    """
    where = where or str(path)
    try:
        content = path.read_bytes()
        if content.startswith(b"SQLite format 3"):
            raise UserError(f"{where}: is the database of a store: give the folder that it is in")
        text = content.decode()
    except FileNotFoundError:
        makes = f"; `{maker}` makes one" if maker else ""
        raise UserError(f"{where}: there is no such file{makes}") from None
    except UnicodeDecodeError:
        raise UserError(f"{where}: is no JSON, and no text") from None
    except IsADirectoryError:
        raise UserError(f"{where}: is a folder: a file is needed") from None
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}") from None
    return parse_json(text, where)


def parse_json(text: str, where: str) -> Any:
    """What a JSON text holds; UserError where it is none."""
    if not text.strip():
        raise UserError(f"{where}: is empty")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if not text[error.pos :].strip() or "Unterminated string" in error.msg:
            raise UserError(f"{where}: is cut off: its JSON has no end") from None
        raise UserError(f"{where}: is not JSON: {error}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: is not JSON: {error}") from None


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # where a folder cannot be opened, and its entry is on the disk already
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
