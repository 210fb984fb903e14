"""Augmentation of whole batches as tensors: one affine map an image, drawn by name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from harness.protocol.model import AugmentationRule

DRAWS = 5


def draw_changes(count: int, generator: torch.Generator) -> Tensor:
    """Draw the random numbers of one batch: float32 (count, DRAWS), uniform in [-1, 1)."""
    return torch.rand((count, DRAWS), generator=generator).mul_(2).sub_(1)


def augment(images: Tensor, changes: Tensor, rule: AugmentationRule) -> Tensor:
    """Apply the drawn changes to float32 images (B, C, H, W); what comes from outside is zero.

    Each image is sampled bilinearly at `A x`, x in [-1, 1] from the centre: a mirror where flip is
    on and changes[:, 4] > 0, a rotation by changes[:, 0] * rotation degrees, a division by
    1 + changes[:, 1] * scale (so that the image grows by it), and a shift of changes[:, 2:4] *
    shift sides.
    """
    if not (rule.shift or rule.rotation or rule.scale or rule.flip):
        return images
    maps = affine_maps(changes, rule, aspect=images.shape[2] / images.shape[3])
    grid = torch.nn.functional.affine_grid(maps, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images, grid, align_corners=False)


def affine_maps(changes: Tensor, rule: AugmentationRule, *, aspect: float) -> Tensor:
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
