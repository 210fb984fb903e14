"""Random changes of colour: brightness, contrast, saturation and hue, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from harness.protocol.augmentation import JitterRule

JITTER_DRAWS = 4
LEVELS = 255.0


def jitter(images: Tensor, draws: Tensor, rule: JitterRule) -> Tensor:
    """Change the colours of float32 images (B, C, H, W) in 0..255, and keep them in there.

    `draws`: float32 (B, JITTER_DRAWS) in [-1, 1). Brightness multiplies by 1 + draw * brightness,
    contrast and saturation go away from the image's mean grey and from each pixel's own grey by
    such factors, hue turns by draw * hue of the colour circle. Images without three channels are
    grey: they have no saturation and no hue.
    """
    strengths = (rule.brightness, rule.contrast, rule.saturation)
    brightness, contrast, saturation = (
        (1 + draws[:, part, None, None, None] * strength).clamp(min=0)
        for part, strength in enumerate(strengths)
    )
    images = (images * brightness).clamp(0, LEVELS)
    images = _away(images, _grey(images).mean(dim=(1, 2, 3), keepdim=True), contrast)
    if images.shape[1] != 3:
        return images
    images = _away(images, _grey(images), saturation)
    return turn_hue(images, draws[:, 3] * rule.hue) if rule.hue else images


def turn_hue(images: Tensor, turns: Tensor) -> Tensor:
    """Turn the hue of float32 RGB images (B, 3, H, W) in 0..255 by `turns` (B,) of the circle."""
    red, green, blue = images.unbind(1)
    value, _ = images.max(dim=1)
    spread = value - images.min(dim=1).values
    divisor = torch.where(spread > 0, spread, 1.0)
    hue = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    sixths = hue + 6 * turns[:, None, None]
    # Of each channel: value minus the spread times how far its own sixths of the circle are off.
    channels = [
        value - spread * torch.minimum(place, 4 - place).clamp(0, 1)
        for place in ((sixths + offset) % 6 for offset in (5.0, 3.0, 1.0))
    ]
    return torch.stack(channels, dim=1)


def _grey(images: Tensor) -> Tensor:
    """Luma by ITU-R 601, as Pillow's mode L has it: (B, 1, H, W)."""
    if images.shape[1] != 3:
        return images.mean(dim=1, keepdim=True)
    shares = images.new_tensor([0.299, 0.587, 0.114])
    return (images * shares[:, None, None]).sum(dim=1, keepdim=True)


def _away(images: Tensor, origin: Tensor, factor: Tensor) -> Tensor:
    return (origin + (images - origin) * factor).clamp(0, LEVELS)
