"""A file of features: embeddings beside what is known of each row, as every command reads it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.artifacts import write_whole
from harness.errors import UserError

EMBEDDINGS = "embeddings"


def write_features(
    path: Path, embeddings: npt.NDArray[np.float32], columns: Mapping[str, npt.NDArray[np.str_]]
) -> None:
    """Write a .npz of embeddings (N, D) and of columns of N texts, whatever these are called.

    UserError where it cannot be written.
    """
    buffer = io.BytesIO()
    arrays: dict[str, npt.NDArray[Any]] = {**columns, EMBEDDINGS: embeddings}
    # numpy.savez takes no array of the names that its own arguments have, such as file.
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    try:
        write_whole(path, buffer.getvalue())
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
