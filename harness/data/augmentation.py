"""Augmentation of whole batches as tensors: an affine map or a crop an image, drawn by name."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness.data.augmenting.boxes import BOX_DRAWS, random_boxes
from harness.data.augmenting.jitter import JITTER_DRAWS, jitter
from harness.data.augmenting.resampling import resample

if TYPE_CHECKING:
    from harness.protocol.augmentation import (
        AffineAugmentation,
        AugmentationRule,
        CropAugmentation,
    )

DRAWS = 5
CROP_DRAWS = BOX_DRAWS + 1 + JITTER_DRAWS


def draw_changes(count: int, generator: torch.Generator, rule: AugmentationRule) -> Tensor:
    """Draw the random numbers of one batch: float32, as many a row as the rule's kind reads.

    Uniform in [-1, 1): (count, DRAWS), or (count, CROP_DRAWS) for crops.
    """
    draws = CROP_DRAWS if rule.kind == "crop" else DRAWS
    return torch.rand((count, draws), generator=generator).mul_(2).sub_(1)


def augment(images: Tensor, changes: Tensor, rule: AugmentationRule) -> Tensor:
    """Apply the drawn changes to float32 images (B, C, H, W) in 0..255, on their device."""
    if rule.kind == "crop":
        return cropped(images, changes, rule)
    return moved(images, changes, rule)


def cropped(images: Tensor, changes: Tensor, rule: CropAugmentation) -> Tensor:
    """Random resized crops, float32 (B, C, rule.crop, rule.crop), mirrored and in other colours.

    changes[:, :BOX_DRAWS] choose the box, the next one mirrors where it is above 0, and the
    last JITTER_DRAWS change the colours.
    """
    height, width = images.shape[2:]
    boxes = random_boxes((changes[:, :BOX_DRAWS] + 1) / 2, height, width, rule)
    mirrored = changes[:, BOX_DRAWS] > 0 if rule.flip else None
    crops = resample(images, boxes, rule.crop, mirrored=mirrored)
    return jitter(crops, changes[:, BOX_DRAWS + 1 :], rule.jitter) if rule.jitter else crops


def moved(images: Tensor, changes: Tensor, rule: AffineAugmentation) -> Tensor:
    """Move each image by an affine map; what comes from outside is zero.

    Each image is sampled bilinearly at `A x`, x in [-1, 1] from the centre: a mirror where flip is
    on and changes[:, 4] > 0, a rotation by changes[:, 0] * rotation degrees, a division by
    1 + changes[:, 1] * scale (so that the image grows by it), and a shift of changes[:, 2:4] *
    shift sides.
    """
    if not (rule.shift or rule.rotation or rule.scale or rule.flip):
        return images
    maps = affine_maps(changes, rule, aspect=images.shape[2] / images.shape[3])
    grid = sampling_grid(maps, *images.shape[2:])
    return torch.nn.functional.grid_sample(images, grid, align_corners=False)


def sampling_grid(maps: Tensor, height: int, width: int) -> Tensor:
    """Where each pixel is read, by maps (B, 2, 3): float32 (B, height, width, 2).

    What `affine_grid` of torch gives, by sums of rows and columns in place of a product of
    matrices for each image, which takes ten times as long and rounds as its library does.
    """
    across, down, shift = maps[..., None, None].unbind(2)
    x, y = _centres(width, maps.device), _centres(height, maps.device)[:, None]
    return (across * x + down * y).add_(shift).permute(0, 2, 3, 1)


@cache
def _centres(count: int, device: torch.device) -> Tensor:
    """Centres of so many pixels that divide [-1, 1] evenly."""
    return torch.linspace(-1, 1, count, device=device) * (count - 1) / count


def affine_maps(changes: Tensor, rule: AffineAugmentation, *, aspect: float) -> Tensor:
    """The maps from output to input coordinates in [-1, 1]: float32 (B, 2, 3).

    `aspect`: height over width, so that a rotation turns pixels and does not shear them.
    """
    angle = changes[:, 0] * math.radians(rule.rotation)
    size = 1 + changes[:, 1] * rule.scale
    cos, sin = angle.cos() / size, angle.sin() / size
    mirror = torch.where(changes[:, 4] > 0, -1.0, 1.0) if rule.flip else torch.ones_like(angle)
    shift = changes[:, 2:4] * (2 * rule.shift)
    rows = (cos * mirror, -sin * aspect, shift[:, 0], sin * mirror / aspect, cos, shift[:, 1])
    return torch.stack(rows, dim=1).view(-1, 2, 3)
