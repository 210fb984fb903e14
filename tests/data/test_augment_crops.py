"""Random resized crops of whole batches, against one image at a time by Pillow and in loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from harness.data import torch_stream
from harness.data.augmentation import (
    ATTEMPTS,
    BOX_DRAWS,
    CROP_DRAWS,
    augment,
    draw_changes,
    random_boxes,
    resample,
)
from harness.protocol.rules import CropAugmentation

HEIGHT, WIDTH = 40, 30
COUNT = 200
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 3, HEIGHT, WIDTH), dtype=np.uint8)
IMAGES = torch.from_numpy(PIXELS).float()
# Pillow rounds to whole levels after each of its two passes.
ONE_LEVEL = 1.01


def rule(**values: Any) -> CropAugmentation:
    fixed = {"kind": "crop", "resize": 40, "crop": 20, "flip": False}
    return CropAugmentation(**{**fixed, "area": (0.16, 1.0), "aspect": (0.75, 1.33), **values})


def draws(count: int = COUNT, seed: int = 0) -> torch.Tensor:
    return torch.rand((count, BOX_DRAWS), generator=torch_stream(seed, "boxes"))


def box_by_definition(
    drawn: np.ndarray, height: int, width: int, rule: CropAugmentation
) -> tuple[int, int, int, int]:
    """The box of one image: attempt by attempt, then the largest allowed one in the middle."""
    least, most = rule.aspect
    for attempt in range(ATTEMPTS):
        low, high = rule.area
        area = (low + drawn[attempt] * (high - low)) * height * width
        logs = math.log(least), math.log(most)
        aspect = math.exp(logs[0] + drawn[ATTEMPTS + attempt] * (logs[1] - logs[0]))
        wide, tall = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < wide <= width and 0 < tall <= height:
            across, down = drawn[2 * ATTEMPTS :]
            left = math.floor(across * (width - wide + 1))
            return left, math.floor(down * (height - tall + 1)), wide, tall
    wide, tall = width, height
    if width / height < least:
        tall = round(width / least)
    elif width / height > most:
        wide = round(height * most)
    return (width - wide) // 2, (height - tall) // 2, wide, tall


def by_pillow(image: np.ndarray, box: list[float], size: int, *, mirrored: bool) -> np.ndarray:
    """Cut and resize one uint8 image (3, H, W) as torchvision does: crop first, then resize."""
    left, top, wide, tall = (int(value) for value in box)
    cut = Image.fromarray(image.transpose(1, 2, 0)).crop((left, top, left + wide, top + tall))
    small = cut.resize((size, size), Image.Resampling.BILINEAR)
    if mirrored:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(small).transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        pytest.param((40, 30), {}, id="as in the reality check"),
        pytest.param((40, 30), {"area": (0.9, 1.0)}, id="most attempts do not fit"),
        pytest.param((10, 60), {"area": (0.5, 1.0)}, id="wide: none fits"),
        pytest.param((60, 10), {"area": (0.5, 1.0)}, id="tall: none fits"),
    ],
)
def test_boxes_are_those_of_the_definition(shape: tuple[int, int], values: dict[str, Any]) -> None:
    drawn, chosen = draws(), rule(**values)
    expected = [box_by_definition(row, *shape, chosen) for row in drawn.numpy().astype(np.float64)]
    found = random_boxes(drawn, *shape, chosen)
    # Single precision may round an area that lies on the border of two whole widths.
    same = (found == torch.tensor(expected)).all(dim=1)
    assert same.float().mean() > 0.99


def test_boxes_lie_inside_the_image() -> None:
    left, top, width, height = random_boxes(draws(5000), HEIGHT, WIDTH, rule()).unbind(1)
    assert min(left.min(), top.min()) >= 0
    assert (left + width).max() <= WIDTH
    assert (top + height).max() <= HEIGHT


def test_boxes_have_areas_and_aspects_of_the_rule() -> None:
    _, _, width, height = random_boxes(draws(5000), 400, 400, rule()).unbind(1)
    share, aspect = width * height / 160_000, width / height
    assert (share.min().item(), share.max().item()) == pytest.approx((0.16, 1.0), abs=0.02)
    assert (aspect.min().item(), aspect.max().item()) == pytest.approx((0.75, 1.33), abs=0.02)


@pytest.mark.parametrize("size", [5, 20, 64], ids=["smaller", "about as large", "larger"])
def test_a_batch_is_resized_as_pillow_resizes_each_image(size: int) -> None:
    boxes = random_boxes(draws(len(IMAGES)), HEIGHT, WIDTH, rule())
    mirrored = torch.tensor([False, True] * 3)
    found = resample(IMAGES, boxes, size, mirrored=mirrored).numpy()
    for image, box, swapped, result in zip(PIXELS, boxes, mirrored, found, strict=True):
        expected = by_pillow(image, box.tolist(), size, mirrored=bool(swapped))
        assert np.abs(result - expected).max() < ONE_LEVEL


def test_a_box_of_the_size_asked_for_is_a_plain_cut() -> None:
    box = torch.tensor([[3.0, 5.0, 20.0, 20.0]] * len(IMAGES))
    expected = IMAGES[:, :, 5:25, 3:23]
    torch.testing.assert_close(resample(IMAGES, box, 20), expected, atol=1e-3, rtol=0)


def test_a_constant_image_stays_constant() -> None:
    constant = torch.full((COUNT, 1, HEIGHT, WIDTH), 77.0)
    boxes = random_boxes(draws(), HEIGHT, WIDTH, rule())
    assert (resample(constant, boxes, 13) - 77).abs().max() < 1e-3


def test_nothing_outside_the_box_is_read() -> None:
    image = torch.full((1, 1, 10, 10), float("inf"))
    image[:, :, 2:6, 3:8] = 1.0
    cut = resample(torch.nan_to_num(image, posinf=1e30), torch.tensor([[3.0, 2.0, 5.0, 4.0]]), 7)
    torch.testing.assert_close(cut, torch.ones(1, 1, 7, 7))


def test_augmenting_cuts_mirrors_and_keeps_to_the_batchs_order() -> None:
    chosen = rule(flip=True)
    changes = draw_changes(len(IMAGES), torch_stream(0, "augmentation"), chosen)
    boxes = random_boxes((changes[:, :BOX_DRAWS] + 1) / 2, HEIGHT, WIDTH, chosen)
    found = augment(IMAGES, changes, chosen).numpy()
    swapped = changes[:, BOX_DRAWS] > 0
    assert swapped.any()
    assert not swapped.all()
    for image, box, mirrored, result in zip(PIXELS, boxes, swapped, found, strict=True):
        expected = by_pillow(image, box.tolist(), 20, mirrored=bool(mirrored))
        assert np.abs(result - expected).max() < ONE_LEVEL


def test_an_image_comes_out_the_same_whatever_else_is_in_its_batch() -> None:
    chosen = rule(flip=True)
    changes = draw_changes(len(IMAGES), torch_stream(0, "augmentation"), chosen)
    alone = [augment(IMAGES[i : i + 1], changes[i : i + 1], chosen) for i in range(len(IMAGES))]
    torch.testing.assert_close(augment(IMAGES, changes, chosen), torch.cat(alone))


def test_crops_have_draws_of_their_own_number() -> None:
    changes = draw_changes(3, torch_stream(0, "augmentation"), rule())
    assert changes.shape == (3, CROP_DRAWS)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_crops_as_the_processor_does() -> None:
    chosen = rule(flip=True)
    changes = draw_changes(len(IMAGES), torch_stream(0, "augmentation"), chosen)
    there = augment(IMAGES.cuda(), changes.cuda(), chosen).cpu()
    torch.testing.assert_close(there, augment(IMAGES, changes, chosen), atol=0.01, rtol=0)
