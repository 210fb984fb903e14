"""Augmentation of whole batches as tensors: an affine map or a crop an image, drawn by name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from harness.protocol.rules import (
        AffineAugmentation,
        AugmentationRule,
        CropAugmentation,
        JitterRule,
        ViewsRule,
    )


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


MIDDLE = (0.5, 0.5)
CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))


@dataclass(frozen=True)
class Window:
    """A square cut from each image after its shorter side was resized, and mirrored or not.

    `resize`: the shorter side; 0: images stay as they are, whole. `crop`: the square's side.
    `place`: how far down and across, from 0 to 1 each.
    """

    resize: int = 0
    crop: int = 0
    place: tuple[float, float] = MIDDLE
    mirrored: bool = False

    def __call__(self, images: Tensor) -> Tensor:
        """Cut uint8 or float32 images (B, C, H, W): float32 (B, C, crop, crop) in 0..255."""
        if self.resize:
            images = self._cut(images)
        return images.float().flip(3) if self.mirrored else images.float()

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what becomes of an input of this shape."""
        return (shape[0], self.crop, self.crop) if self.resize and len(shape) == 3 else shape

    def _cut(self, images: Tensor) -> Tensor:
        sides = images.shape[2:]
        shorter = min(sides)
        # torchvision's Resize cuts the fraction off the longer side; its CenterCrop rounds.
        resized = [
            self.resize if side == shorter else self.resize * side // shorter for side in sides
        ]
        starts = [
            round((side - self.crop) * share)
            for side, share in zip(resized, self.place, strict=True)
        ]
        if self.resize == shorter:
            return images[:, :, starts[0] :, starts[1] :][:, :, : self.crop, : self.crop]
        down, across = (
            _some(side, into, start, self.crop, images.device)
            for side, into, start in zip(sides, resized, starts, strict=True)
        )
        return down @ (images.float() @ across.T)


def _some(pixels: int, into: int, start: int, count: int, device: torch.device) -> Tensor:
    """Weights of `count` results from `start` on, of `into` that the pixels are resized to."""
    whole = torch.tensor([0.0, float(pixels)], device=device)
    return filter_weights(whole[:1], whole[1:], into, pixels)[0, start : start + count]


WHOLE = Window()
"""All of an image, as it is."""


def middle_window(rule: AugmentationRule) -> Window:
    """What validation and testing see of an image: the middle of it, or all."""
    return Window(rule.resize, rule.crop) if rule.kind == "crop" else WHOLE


def scored_windows(rule: AugmentationRule, views: ViewsRule) -> Iterator[Window]:
    """Every view of an image whose embeddings are averaged: the middle one first."""
    first = middle_window(rule)
    for place in (MIDDLE, *CORNERS)[: views.crops]:
        for mirrored in (False, True)[: 1 + views.flip]:
            yield Window(first.resize, first.crop, place, mirrored)


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
