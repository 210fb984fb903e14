"""What comes in: embeddings and labels, checked once, with one clear line for what is wrong."""

from __future__ import annotations

from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, unknown

Distance = Literal["cosine", "euclidean"]
Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]


def check_distance(distance: str) -> Distance:
    """Return `distance` if it is one of the two; raise UserError naming both otherwise."""
    if distance not in get_args(Distance):
        raise unknown("distance", distance, get_args(Distance))
    return cast("Distance", distance)


def check_embeddings(embeddings: npt.ArrayLike, *, what: str = "embeddings") -> Floats:
    """Return float16, float32 or float64 of shape (N, D), finite, N and D at least 1.

    Integers become float64. Raises UserError for any other dtype or shape, and for a value that
    is not finite, naming its row.
    """
    array = np.asarray(embeddings)
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise UserError(f"{what} must be float16, float32 or float64, not {array.dtype}")
    if array.ndim != 2 or 0 in array.shape:
        raise UserError(
            f"{what} must have the shape (samples, dimensions), none of them 0, not {array.shape}"
        )
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise UserError(f"{what}: row {row + 1} of {len(array)} holds a value that is not finite")
    return array


def check_labels(
    labels: npt.ArrayLike, count: int, *, what: str = "labels", of: str = "embeddings"
) -> Labels:
    """Return `count` integer labels of any width; raise UserError for another dtype or length."""
    array = np.asarray(labels)
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise UserError(f"{what} must be integers, not {array.dtype}")
    if array.ndim != 1:
        raise UserError(f"{what} must have the shape (samples,), not {array.shape}")
    if len(array) != count:
        raise UserError(f"{what}: {len(array)} of them for {count} {of}")
    return array


def encode(labels: Labels, gallery: Labels | None) -> tuple[npt.NDArray[np.int64], ...]:
    """Map labels of any size to 0..C-1, the same code for the same label on both sides.

    Returns the codes of the queries and, where there is a gallery, those of the gallery.
    """
    if gallery is None:
        return (np.unique(labels, return_inverse=True)[1].astype(np.int64),)
    # Mixing int64 with uint64 would go through float64, and 2**63 + 1 with it.
    both = [int(label) for label in np.unique(labels)] + [
        int(label) for label in np.unique(gallery)
    ]
    codes = {label: code for code, label in enumerate(sorted(set(both)))}
    return tuple(_recode(side, codes) for side in (labels, gallery))


def _recode(labels: Labels, codes: dict[int, int]) -> npt.NDArray[np.int64]:
    distinct, inverse = np.unique(labels, return_inverse=True)
    return np.array([codes[int(label)] for label in distinct], dtype=np.int64)[inverse]
