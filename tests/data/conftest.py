"""Where the tests of data keep their files, and small images to put in them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data home of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("BENCH_DATA", str(folder))
    return folder


Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """A function from a seed to the bytes of a small image of noise."""

    def encoded(seed: int, *, kind: str = "PNG", size: tuple[int, int] = (6, 5)) -> bytes:
        from PIL import Image

        width, height = size
        pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, format=kind)
        return stream.getvalue()

    return encoded
