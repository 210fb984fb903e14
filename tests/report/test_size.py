"""Sixty methods on one page."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.report.sprite import make_sprite
from harness.store import Store


def sixty(path: Path, source: Path) -> Path:
    """Copies of the methods of a store, each with embeddings of its own."""
    with Store.open(source) as full, Store.open(path, create=True) as store:
        done = [record for record in full.records() if record.state == "done"]
        for copy in range(15):
            draw = np.random.default_rng(copy)
            for record in done:
                arrays = full.arrays(record)
                if arrays:
                    vectors = arrays["test_embeddings"]
                    noise = draw.normal(0, copy / 2, vectors.shape)
                    arrays["test_embeddings"] = (vectors + noise).astype(np.float32)
                name = f"{record.identity.method}-{copy}"
                identity = record.identity.model_copy(update={"method": name})
                changed = {"identity": identity, "artifact": None}
                store.put(record.model_copy(update=changed), arrays or None)
    return path


def test_a_page_on_sixty_methods_is_under_5_mb(
    tmp_path: Path,
    store_path: Path,
    glyphs: Dataset,
    render: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What the plane shows does not change its size.
    monkeypatch.setattr("harness.figures.maps._tsne", lambda rows, pca: pca)
    text = render(sixty(tmp_path / "sixty", store_path), glyphs)
    assert text.count("<tr data-method") == 60
    assert len(text.encode()) < 5_000_000


@pytest.mark.skipif("BENCH_SPEED" not in os.environ, reason="takes a minute; set BENCH_SPEED")
def test_a_page_on_sixty_methods_is_made_within_a_minute(
    tmp_path: Path, store_path: Path, glyphs: Dataset, render: Callable[..., str]
) -> None:
    path = sixty(tmp_path / "sixty", store_path)
    began = time.process_time()  # one free core then takes no longer; two take half
    text = render(path, glyphs)
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
