"""Fixed crops: the middle of each image, its corners, and their mirror images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness.data.augmenting.resampling import filter_weights

if TYPE_CHECKING:
    from harness.protocol.augmentation import AugmentationRule, ViewsRule

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
