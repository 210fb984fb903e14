"""Augmentation of whole batches, against its definition image by image and pixel by pixel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from harness.data import torch_stream
from harness.data.augmentation import (
    DRAWS,
    affine_maps,
    augment,
    draw_changes,
    sampling_grid,
)
from harness.protocol.rules import AffineAugmentation

SIDE = 6
IMAGES = torch.rand((4, 2, SIDE, SIDE), generator=torch.Generator().manual_seed(0))


def rule(**values: Any) -> AffineAugmentation:
    return AffineAugmentation(
        **{"shift": 0.0, "rotation": 0.0, "scale": 0.0, "flip": False, **values}
    )


def changes(seed: int = 0) -> torch.Tensor:
    return draw_changes(len(IMAGES), torch_stream(seed, "augmentation"), rule())


def pixel(image: np.ndarray, row: float, column: float) -> float:
    """Bilinear interpolation of one channel at a place; outside it is zero."""
    top, left = math.floor(row), math.floor(column)
    value = 0.0
    for y, x in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        if 0 <= y < SIDE and 0 <= x < SIDE:
            value += image[y, x] * (1 - abs(row - y)) * (1 - abs(column - x))
    return value


def by_definition(image: np.ndarray, change: np.ndarray, rule: AffineAugmentation) -> np.ndarray:
    """One channel: for each pixel, where it comes from, and what is there."""
    angle = math.radians(change[0] * rule.rotation)
    size = 1 + change[1] * rule.scale
    result = np.empty_like(image)
    for row in range(SIDE):
        for column in range(SIDE):
            # From the centre, in units of half a side.
            x, y = (2 * column + 1) / SIDE - 1, (2 * row + 1) / SIDE - 1
            if rule.flip and change[4] > 0:
                x = -x
            x, y = (
                (math.cos(angle) * x - math.sin(angle) * y) / size,
                (math.sin(angle) * x + math.cos(angle) * y) / size,
            )
            x, y = x + 2 * rule.shift * change[2], y + 2 * rule.shift * change[3]
            result[row, column] = pixel(image, ((y + 1) * SIDE - 1) / 2, ((x + 1) * SIDE - 1) / 2)
    return result


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"rotation": 90.0}, id="rotation"),
        pytest.param({"scale": 0.5}, id="scale"),
        pytest.param({"shift": 0.3}, id="shift"),
        pytest.param({"flip": True}, id="flip"),
        pytest.param({"rotation": 30.0, "scale": 0.2, "shift": 0.1, "flip": True}, id="all"),
    ],
)
def test_a_batch_is_changed_as_the_definition_changes_each_image(values: dict[str, Any]) -> None:
    drawn = changes()
    expected = [
        [by_definition(channel.astype(float), change, rule(**values)) for channel in image]
        for image, change in zip(IMAGES.numpy(), drawn.numpy().astype(float), strict=True)
    ]
    np.testing.assert_allclose(augment(IMAGES, drawn, rule(**values)), expected, atol=1e-5)


def test_no_augmentation_is_no_change() -> None:
    assert augment(IMAGES, changes(), rule()) is IMAGES


def test_changes_of_zero_are_no_change() -> None:
    still = torch.zeros(len(IMAGES), DRAWS)
    everything = rule(rotation=30.0, scale=0.2, shift=0.1, flip=True)
    torch.testing.assert_close(augment(IMAGES, still, everything), IMAGES, atol=1e-5, rtol=0)


def test_a_shift_of_a_whole_pixel_moves_the_image_by_it() -> None:
    drawn = torch.zeros(len(IMAGES), DRAWS)
    drawn[:, 2] = 1
    moved = augment(IMAGES, drawn, rule(shift=1 / SIDE))
    torch.testing.assert_close(moved[..., :-1], IMAGES[..., 1:], atol=1e-5, rtol=0)
    assert moved[..., -1].abs().max() < 1e-5


def test_a_mirror_is_exact() -> None:
    drawn = torch.zeros(len(IMAGES), DRAWS)
    drawn[::2, 4] = 1
    flipped = augment(IMAGES, drawn, rule(flip=True))
    torch.testing.assert_close(flipped[::2], IMAGES[::2].flip(-1), atol=1e-5, rtol=0)
    torch.testing.assert_close(flipped[1::2], IMAGES[1::2], atol=1e-5, rtol=0)


def test_what_comes_from_outside_is_zero() -> None:
    white = torch.ones(1, 1, SIDE, SIDE)
    away = torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0]])
    assert augment(white, away, rule(shift=0.99)).sum() < 1


def test_the_images_given_are_not_written_to() -> None:
    before = IMAGES.clone()
    augment(IMAGES, changes(), rule(rotation=30.0))
    assert torch.equal(IMAGES, before)


def test_draws_lie_between_minus_one_and_one() -> None:
    drawn = draw_changes(10_000, torch_stream(0, "augmentation"), rule())
    assert drawn.shape == (10_000, DRAWS)
    assert drawn.min() >= -1
    assert drawn.max() < 1
    assert drawn.mean(dim=0).abs().max() < 0.05


def test_the_same_stream_gives_the_same_draws() -> None:
    torch.manual_seed(1)
    one = changes()
    torch.manual_seed(2)
    assert torch.equal(one, changes())


def test_another_seed_gives_other_draws() -> None:
    assert not torch.equal(changes(0), changes(1))


@pytest.mark.parametrize(("height", "width"), [(6, 6), (5, 9), (1, 4)])
def test_the_grid_is_the_one_that_torch_makes_of_the_maps(height: int, width: int) -> None:
    drawn = rule(shift=0.1, rotation=20.0, scale=0.2, flip=True)
    maps = affine_maps(changes(), drawn, aspect=height / width)
    expected = torch.nn.functional.affine_grid(maps, [4, 1, height, width], align_corners=False)
    torch.testing.assert_close(sampling_grid(maps, height, width), expected, rtol=0, atol=5e-7)
