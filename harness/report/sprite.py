"""Many small images as one picture, small enough to carry within a page."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BUDGET = 1_700_000  # bytes: with its base64 and 60 methods' numbers, a page stays under 5 MB
# Tried in this order until one fits; PNG keeps every pixel of a small image.
_LADDER = (("PNG", 32), ("JPEG", 32), ("JPEG", 24), ("JPEG", 16))


@dataclass(frozen=True)
class Sprite:
    """Tiles row by row in one image: its data URI, and how many tiles stand in a row and column."""

    uri: str
    columns: int
    rows: int


def make_sprite(images: npt.NDArray[np.uint8], budget: int = BUDGET) -> Sprite | None:
    """Tile `images`, uint8 (N, C, H, W), reduced to 32 pixels at most; None if none fits."""
    columns = max(2, math.ceil(math.sqrt(len(images))))
    rows = max(2, math.ceil(len(images) / columns))
    for form, side in _LADDER:
        content = _encode(_tiled(_reduced(_drawable(images), side), columns, rows), form)
        if len(content) <= budget:
            text = base64.b64encode(content).decode()
            return Sprite(f"data:image/{form.lower()};base64,{text}", columns, rows)
    return None


def _drawable(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(N, H, W, 1 or 3): of other numbers of channels, their mean."""
    if images.shape[1] not in (1, 3):
        images = images.mean(axis=1, keepdims=True).astype(np.uint8)
    return np.moveaxis(images, 1, -1)


def _reduced(images: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    from PIL import Image

    height, width = images.shape[1:3]
    scale = side / max(height, width)
    if scale >= 1:
        return images
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced = [Image.fromarray(i.squeeze()).resize(size, Image.Resampling.BOX) for i in images]
    return np.stack([np.asarray(i) for i in reduced]).reshape(len(images), size[1], size[0], -1)


def _tiled(images: npt.NDArray[np.uint8], columns: int, rows: int) -> npt.NDArray[np.uint8]:
    height, width, channels = images.shape[1:]
    padded = np.zeros((columns * rows, height, width, channels), np.uint8)
    padded[: len(images)] = images
    grid = padded.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, channels)


def _encode(picture: npt.NDArray[np.uint8], form: str) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture).save(
        stream, format=form, optimize=True, quality=80
    )
    return stream.getvalue()
