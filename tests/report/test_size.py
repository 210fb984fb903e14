"""How large a page on many methods is, and how long it takes to make."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.report.payload import make_sprite


def test_a_page_on_89_methods_is_under_5_mb(crowd: Path) -> None:
    text = crowd.read_text(encoding="utf-8")
    assert text.count("<tr data-method") == 89
    assert len(text.encode()) < 5_000_000


@pytest.mark.skipif("BENCH_SPEED" not in os.environ, reason="takes a minute; set BENCH_SPEED")
def test_a_page_on_89_methods_is_made_within_a_minute(
    crowd_path: Path, glyphs: Dataset, render: Callable[..., str]
) -> None:
    began = time.process_time()  # one free core then takes no longer; two take half
    text = render(crowd_path, glyphs)
    assert time.process_time() - began < 60
    assert len(text.encode()) < 5_000_000


def test_images_of_noise_in_colour_stay_within_their_budget() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3000, 3, 64, 64), dtype=np.uint8)
    sprite = make_sprite(noise)
    assert sprite is not None
    assert len(sprite.uri) < 2_400_000


def test_a_sprite_of_one_image_has_room_to_point_at() -> None:
    """The script divides by columns - 1 and rows - 1."""
    sprite = make_sprite(np.zeros((1, 1, 8, 8), np.uint8))
    assert sprite is not None
    assert (sprite.columns, sprite.rows) == (2, 2)


def test_two_channels_are_shown_as_their_mean() -> None:
    assert make_sprite(np.zeros((4, 2, 8, 8), np.uint8)) is not None
