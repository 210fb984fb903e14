"""How images are changed: at random for training, and in fixed ways to be scored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)


def as_tuple(value: object) -> object:
    """TOML has arrays; a frozen model holds tuples."""
    return tuple(value) if isinstance(value, list) else value


Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """Base of every section: no unknown keys, no defaults, no coercion, no assignment."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ScheduleRule(Section):
    """A share of the learning rate for each step.

    `warmup`: over this share of the steps the rate rises from 0 in a straight line. Then it falls
    to the share `final` of itself at the last step: as half a cosine (Loshchilov and Hutter, ICLR
    2017, without restarts) or in a straight line.
    """

    shape: Literal["cosine", "linear"]
    warmup: Annotated[float, Field(ge=0, lt=1)]
    final: Annotated[float, Field(ge=0, le=1)]

    def share(self, step: int, steps: int) -> float:
        """The share at a step, counted from 0, of a run of so many."""
        done, warm = (step + 1) / steps, self.warmup
        if done <= warm:
            return done / warm
        left = (1 - done) / (1 - warm)
        curve = (1 - math.cos(math.pi * left)) / 2 if self.shape == "cosine" else left
        return self.final + (1 - self.final) * curve


class AffineAugmentation(Section):
    """Random affine change of each training image, drawn uniformly; 0 switches a part off.

    `shift`: up to this share of the side, each way. `rotation`: up to this many degrees, each
    way. `scale`: factor in [1 - scale, 1 + scale]. `flip`: mirror half of the images.
    Feature vectors are not augmented. `kind` need not be given.
    """

    kind: Literal["affine"] = "affine"
    shift: Annotated[float, Field(ge=0, lt=1)]
    rotation: Annotated[float, Field(ge=0, le=180)]
    scale: Annotated[float, Field(ge=0, lt=1)]
    flip: bool


class JitterRule(Section):
    """Random change of each training image's colours, drawn uniformly; 0 switches a part off.

    `brightness`, `contrast`, `saturation`: by a factor in [1 - x, 1 + x], not below 0; `hue`: by
    up to this share of the colour circle, each way.
    """

    brightness: NotNegative
    contrast: NotNegative
    saturation: NotNegative
    hue: Annotated[float, Field(ge=0, le=0.5)]


Bounds = Annotated[tuple[float, float], BeforeValidator(as_tuple)]


class CropAugmentation(Section):
    """Random crops of training images, and the crop in the middle for everything else.

    Images are as if their shorter side had been resized to `resize` pixels. In training a box is
    drawn that has a share of the image in `area` and a width over height in `aspect`, and is
    resized to `crop` x `crop`; `flip` mirrors half of them. Otherwise it is the `crop` x `crop`
    pixels in the middle. Without `jitter` colours stay as they are. Feature vectors are left
    alone.
    """

    kind: Literal["crop"]
    resize: Positive
    crop: Positive
    area: Bounds
    aspect: Bounds
    flip: bool
    jitter: JitterRule | None = None

    @model_validator(mode="after")
    def _in_order(self) -> CropAugmentation:
        if not 0 < self.area[0] <= self.area[1] <= 1:
            raise ValueError("area must be two shares, the smaller first, in (0, 1]")
        if not 0 < self.aspect[0] <= self.aspect[1] < float("inf"):
            raise ValueError("aspect must be two positive numbers, the smaller first")
        if self.crop > self.resize:
            raise ValueError("crop must not be larger than resize")
        return self


def _augmentation_kind(value: object) -> object:
    """The kind of an augmentation: the older one goes without."""
    if isinstance(value, Mapping):
        return value.get("kind", "affine")
    return getattr(value, "kind", None)


AugmentationRule = Annotated[
    Annotated[AffineAugmentation, Tag("affine")] | Annotated[CropAugmentation, Tag("crop")],
    Discriminator(_augmentation_kind),
]
"""How training images are changed at random, by `kind`."""


class ViewsRule(Section):
    """Several views of each image to be scored: their mean embedding counts, normalised again.

    `flip`: each crop and its mirror image. `crops`: the one in the middle, or that and the four
    in the corners, where the augmentation crops.
    """

    flip: bool
    crops: Literal[1, 5]
