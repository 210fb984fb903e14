"""Changes of colour, against Pillow and colorsys, one image at a time."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from harness.data.augmentation import jitter, turn_hue
from harness.protocol.rules import JitterRule

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 3, 6, 5), dtype=np.uint8)
IMAGES = torch.from_numpy(PIXELS).float()
DRAWS = torch.tensor([-0.9, -0.3, 0.4, 0.8])
ENHANCERS = {
    "brightness": ImageEnhance.Brightness,
    "contrast": ImageEnhance.Contrast,
    "saturation": ImageEnhance.Color,
}
# Pillow works in whole levels; its contrast starts from a mean that it rounds as well.
TWO_LEVELS = 2.0


def only(part: str, strength: float) -> JitterRule:
    still = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    return JitterRule(**{**still, part: strength})


def drawn(part: str) -> torch.Tensor:
    draws = torch.zeros(len(IMAGES), 4)
    draws[:, ["brightness", "contrast", "saturation", "hue"].index(part)] = DRAWS
    return draws


@pytest.mark.parametrize("part", ENHANCERS)
def test_a_batch_is_changed_as_pillow_changes_each_image(part: str) -> None:
    found = jitter(IMAGES, drawn(part), only(part, 0.7)).numpy()
    for pixels, draw, result in zip(PIXELS, DRAWS.tolist(), found, strict=True):
        image = Image.fromarray(pixels.transpose(1, 2, 0))
        expected = np.asarray(ENHANCERS[part](image).enhance(1 + 0.7 * draw)).transpose(2, 0, 1)
        assert np.abs(result - expected).max() <= TWO_LEVELS


def test_hue_turns_as_colorsys_turns_each_pixel() -> None:
    turns = DRAWS * 0.5
    found = turn_hue(IMAGES, turns).numpy()
    for pixels, turn, result in zip(PIXELS, turns.tolist(), found, strict=True):
        for row, column in np.ndindex(*pixels.shape[1:]):
            hue, saturation, value = colorsys.rgb_to_hsv(*(pixels[:, row, column] / 255.0))
            expected = colorsys.hsv_to_rgb((hue + turn) % 1.0, saturation, value)
            np.testing.assert_allclose(
                result[:, row, column], np.multiply(expected, 255), atol=0.01
            )


def test_no_strength_is_no_change() -> None:
    still = JitterRule(brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0)
    torch.testing.assert_close(jitter(IMAGES, torch.rand(4, 4), still), IMAGES, atol=1e-3, rtol=0)


def test_what_is_changed_stays_within_the_levels() -> None:
    strong = JitterRule(brightness=2.0, contrast=2.0, saturation=2.0, hue=0.5)
    changed = jitter(IMAGES, torch.full((4, 4), 0.99), strong)
    assert 0 <= changed.min() <= changed.max() <= 255


def test_grey_images_have_brightness_and_contrast_alone() -> None:
    grey = IMAGES[:, :1]
    colours = JitterRule(brightness=0.0, contrast=0.0, saturation=1.0, hue=0.5)
    torch.testing.assert_close(jitter(grey, torch.rand(4, 4), colours), grey, atol=1e-3, rtol=0)
    assert not torch.allclose(jitter(grey, drawn("brightness"), only("brightness", 0.7)), grey)
