"""Fixed crops: the middle and the corners of images, against Pillow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from harness.data.augmentation import WHOLE, Window, middle_window, scored_windows
from harness.protocol.rules import AffineAugmentation, CropAugmentation, ViewsRule

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 3, 24, 33), dtype=np.uint8)
IMAGES = torch.from_numpy(PIXELS)
CROPS = CropAugmentation(
    kind="crop", resize=16, crop=14, area=(0.16, 1.0), aspect=(0.75, 1.33), flip=True
)
MOVES = AffineAugmentation(shift=0.1, rotation=0.0, scale=0.0, flip=True)


def middle_by_pillow(pixels: np.ndarray, resize: int, crop: int) -> np.ndarray:
    """Resize the shorter side and cut the middle out, as torchvision's transforms do."""
    image = Image.fromarray(pixels.transpose(1, 2, 0))
    width, height = image.size
    sizes = [int(resize * side / min(width, height)) for side in (width, height)]
    small = image.resize((sizes[0], sizes[1]), Image.Resampling.BILINEAR)
    left, top = (round((side - crop) / 2) for side in sizes)
    return np.asarray(small.crop((left, top, left + crop, top + crop))).transpose(2, 0, 1)


@pytest.mark.parametrize("resize", [16, 24, 40], ids=["smaller", "as it is", "larger"])
def test_the_middle_is_pillows(resize: int) -> None:
    found = Window(resize, 14)(IMAGES).numpy()
    expected = [middle_by_pillow(pixels, resize, 14) for pixels in PIXELS]
    assert np.abs(found - np.array(expected)).max() < 1.01


def test_the_middle_of_images_of_that_size_is_cut_exactly() -> None:
    assert torch.equal(Window(24, 20)(IMAGES), IMAGES[:, :, 2:22, 6:26].float())


def test_corners_are_the_corners() -> None:
    assert torch.equal(Window(24, 20, (0.0, 0.0))(IMAGES), IMAGES[:, :, :20, :20].float())
    assert torch.equal(Window(24, 20, (1.0, 1.0))(IMAGES), IMAGES[:, :, 4:, 13:].float())


def test_a_mirrored_window_is_the_window_mirrored() -> None:
    straight, mirrored = Window(16, 14), Window(16, 14, mirrored=True)
    assert torch.equal(mirrored(IMAGES), straight(IMAGES).flip(3))


def test_a_whole_window_changes_nothing() -> None:
    assert torch.equal(WHOLE(IMAGES), IMAGES.float())
    assert WHOLE.shape((3, 24, 33)) == (3, 24, 33)


def test_a_window_tells_the_shape_of_what_it_shows() -> None:
    assert Window(16, 14).shape((3, 24, 33)) == tuple(Window(16, 14)(IMAGES).shape[1:])


def test_vectors_have_no_window() -> None:
    assert Window(16, 14).shape((9,)) == (9,)


def test_an_augmentation_that_crops_is_scored_in_the_middle() -> None:
    assert middle_window(CROPS) == Window(16, 14)
    assert middle_window(MOVES) == WHOLE


def test_ten_views_are_five_crops_and_their_mirror_images() -> None:
    windows = list(scored_windows(CROPS, ViewsRule(flip=True, crops=5)))
    assert len(set(windows)) == 10
    assert windows[0] == Window(16, 14)
    assert sum(window.mirrored for window in windows) == 5
    assert len({window.place for window in windows}) == 5


def test_views_without_crops_are_the_image_and_its_mirror_image() -> None:
    assert list(scored_windows(MOVES, ViewsRule(flip=True, crops=1))) == [
        WHOLE,
        Window(mirrored=True),
    ]
