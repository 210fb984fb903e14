"""Photograph-like JPEGs for benchmarks: smooth, of some grain, and as large as a web image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

WIDTH, HEIGHT = 500, 375


def _write(folder: Path, *, classes: int, each: int) -> Path:
    from PIL import Image

    draw = np.random.default_rng(0)
    for label in range(classes):
        place = folder / f"{label:04d}"
        place.mkdir(parents=True)
        for number in range(each):
            coarse = draw.integers(0, 256, (12, 16, 3), dtype=np.uint8)
            smooth = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
            grain = draw.integers(-12, 13, (HEIGHT, WIDTH, 1))
            pixels = np.clip(np.asarray(smooth) + grain, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{number:04d}.jpg", quality=90)
    return folder


@pytest.fixture(scope="session")
def write_pictures() -> Callable[..., Path]:
    """A function that writes classes * each JPEGs of 500x375, 70 kB each, a folder a class."""
    return _write
