"""Resizing whole batches, each image from a box of its own, as Pillow resizes one."""

from __future__ import annotations

import torch
from torch import Tensor


def resample(images: Tensor, boxes: Tensor, size: int, *, mirrored: Tensor | None = None) -> Tensor:
    """Cut a box from each image and resize it: float32 (B, C, H, W) to (B, C, size, size).

    `boxes`: float32 (B, 4): left, top, width and height in pixels. Bilinear, and averaged where
    the box is larger than what becomes of it, as Pillow's BILINEAR is; nothing outside the box is
    read. `mirrored`: bool (B,): whose left and right are swapped. Unlike Pillow's the result is
    not rounded to whole levels, half-way nor at the end.
    """
    left, top, width, height = boxes.unbind(1)
    across = filter_weights(left, width, size, images.shape[3])
    down = filter_weights(top, height, size, images.shape[2])
    if mirrored is not None:
        across = torch.where(mirrored[:, None, None], across.flip(1), across)
    return down[:, None] @ (images @ across.transpose(1, 2)[:, None])


def filter_weights(start: Tensor, length: Tensor, count: int, pixels: int) -> Tensor:
    """How much each of `pixels` gives to each of `count` results: float32 (B, count, pixels).

    `start`, `length`: float32 (B,): the stretch that the results divide evenly. Each result is a
    mean over the pixels about its centre, weighted by a triangle that reaches one pixel each way,
    or one result where those are larger.
    """
    step = (length / count)[:, None]
    steps = torch.arange(count, device=start.device, dtype=torch.float32) + 0.5
    places = torch.arange(pixels, device=start.device, dtype=torch.float32) + 0.5
    centres = start[:, None] + steps * step
    distances = (places - centres[..., None]).abs()
    weights = (1 - distances / step.clamp(min=1)[..., None]).clamp(min=0)
    inside = (places > start[:, None]) & (places < (start + length)[:, None])
    weights = weights * inside[:, None]
    return weights / weights.sum(dim=2, keepdim=True)
