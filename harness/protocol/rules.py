"""What rules are made of; how images are changed, embeddings are scored, attributes are labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

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


Positive = Annotated[int, Field(gt=0, le=1_000_000_000)]
Few = Annotated[int, Field(gt=0, le=10_000)]
"""How many of what is made or drawn one by one."""
Size = Annotated[int, Field(gt=0, le=65_536)]
"""A side of what is held in memory."""
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
    resize: Size
    crop: Size
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


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(as_tuple)]


class ScoringRule(Section):
    """How test embeddings are scored.

    `gallery`: `self`: the test part itself, without the query; `train`: the labelled training
    samples, where the classes are the same; `given`: of the test part those whose attribute `role`
    is `query` ask, and those whose role is one of `galleries` are searched, each gallery alone; a
    query's scores are means over the galleries that have an item of its class. `exclude`:
    attributes, such as camera: items of a query's class with its value are no answer (of retrieval;
    verification is of all pairs). `recall_at`: the K of Recall@K.
    `clustering_restarts`: seeded k-means runs behind NMI and AMI.
    `classifiers`: of scoring/classifiers.py, fitted on the labelled training samples alone.
    `verification`: false accept rates of the verification scores; none: there are none.
    """

    gallery: Literal["self", "train", "given"]
    distance: Literal["cosine", "euclidean"]
    recall_at: Annotated[tuple[Positive, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    clustering_restarts: Few
    classifiers: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    verification: Annotated[tuple[Share, ...], BeforeValidator(as_tuple)] = ()
    galleries: Annotated[Names, Field(min_length=1)] = ("gallery",)
    exclude: Names = ()

    @model_validator(mode="after")
    def _roles_of_its_own(self) -> ScoringRule:
        if self.gallery != "given" and self.galleries != ("gallery",):
            raise ValueError("galleries are named with gallery = 'given' alone")
        if self.gallery == "train" and self.exclude:
            raise ValueError("exclude is for a gallery of test samples: 'self' or 'given'")
        if "query" in self.galleries or len(set(self.galleries)) < len(self.galleries):
            raise ValueError("galleries are different roles, and none is query")
        return self

    @property
    def reads_training_part(self) -> bool:
        """Whether test embeddings are scored against those of the training part."""
        return self.gallery == "train" or bool(self.classifiers)


class LabelSetsRule(Section):
    """Attributes that methods get as labels if they declare `label_sets="attributes"`.

    No other method sees an attribute, and without this section none does. `ordered`: those whose
    values are in order: of their numbers, or as the dataset lists them.
    """

    attributes: Annotated[Names, Field(min_length=1)]
    ordered: Names = ()

    @model_validator(mode="after")
    def _named_once(self) -> LabelSetsRule:
        if len(set(self.attributes)) < len(self.attributes):
            raise ValueError("attributes must be different ones")
        if not set(self.ordered) <= set(self.attributes):
            raise ValueError(f"ordered must be some of attributes: {', '.join(self.attributes)}")
        return self


ClusterRule = Literal["largest", "least-pure", "random"]
CLUSTER_RULES: tuple[str, ...] = get_args(ClusterRule)


class CorrectingRule(Section):
    """The turns of `bench correct`; the seeds are the protocol's replicates.

    `clusters`: looked at in a turn, by `rule`; `members`: of each, at most. `withheld`: share of
    the classes that the user does not know: their texts are shown, and stay as they are.
    `adaptive`: each method's own clusters are shown, not those of the untrained embedding.
    """

    turns: Few
    clusters: Positive
    members: Positive
    rule: ClusterRule
    withheld: Annotated[float, Field(ge=0, lt=1)]
    adaptive: bool = False
