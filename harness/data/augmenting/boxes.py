"""Which box of each image a random resized crop takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from harness.protocol.augmentation import CropAugmentation

ATTEMPTS = 10
BOX_DRAWS = 2 * ATTEMPTS + 2


def random_boxes(draws: Tensor, height: int, width: int, rule: CropAugmentation) -> Tensor:
    """The box of each image: float32 (B, 4), left, top, width and height in whole pixels.

    `draws`: float32 (B, BOX_DRAWS) in [0, 1). As in torchvision's RandomResizedCrop: an area and a
    logarithm of width over height are drawn evenly until a box of them fits into the image, ten
    times at most; then its place. Where none fits, it is the largest box in the middle that keeps
    to `rule.aspect`.
    """
    low, high = rule.area
    area = (low + draws[:, :ATTEMPTS] * (high - low)) * height * width
    least, most = (math.log(value) for value in rule.aspect)
    aspect = (least + draws[:, ATTEMPTS : 2 * ATTEMPTS] * (most - least)).exp()
    widths, heights = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()
    fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
    first = fits.int().argmax(dim=1, keepdim=True)
    found = fits.any(dim=1)
    widths, heights = widths.gather(1, first)[:, 0], heights.gather(1, first)[:, 0]
    across, down = draws[:, 2 * ATTEMPTS], draws[:, 2 * ATTEMPTS + 1]
    left, top = (across * (width - widths + 1)).floor(), (down * (height - heights + 1)).floor()
    boxes = torch.stack([left, top, widths, heights], dim=1)
    return torch.where(found[:, None], boxes, boxes.new_tensor(_middle(height, width, rule)))


def _middle(height: int, width: int, rule: CropAugmentation) -> tuple[int, int, int, int]:
    """The largest box in the middle whose width over height the rule allows."""
    least, most = rule.aspect
    inside_width, inside_height = width, height
    if width / height < least:
        inside_height = round(width / least)
    elif width / height > most:
        inside_width = round(height * most)
    left, top = (width - inside_width) // 2, (height - inside_height) // 2
    return left, top, inside_width, inside_height
