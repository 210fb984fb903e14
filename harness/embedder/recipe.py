"""`Recipe`: everything but the numbers that turns a raw input into an embedding."""

from __future__ import annotations

from typing import Literal

from harness.data.augmentation import WHOLE, Window
from harness.protocol.model import BackboneRule
from harness.record import Frozen

FORMAT: Literal[1] = 1


class Recipe(Frozen):
    """How an embedder is built again, and where it is from.

    `inputs`: shape of one raw input, (C, H, W) of 0..255 or (D,); `trunk_inputs`: of what its trunk
    gets. `backbone`: the protocol's rule; `trunk`: the plugin that the trunk is from, empty for the
    core's own. `views`: what is cut from an image; of several the mean embedding counts if `mean`.
    `reverse_channels`: whether the trunk wants blue first. `readout`: what a linear map reads in
    place of the head, if one does. `distance`: what its embeddings are compared by. `decoding`:
    how image files become raw inputs.
    """

    format: Literal[1] = FORMAT
    run: str
    method: str
    protocol: str
    dataset: str
    dataset_digest: str
    inputs: tuple[int, ...]
    trunk_inputs: tuple[int, ...]
    backbone: BackboneRule
    trunk: str = ""
    members: int = 1
    views: tuple[Window, ...] = (WHOLE,)
    mean: bool = False
    reverse_channels: bool = False
    readout: Literal["features", "embeddings"] | None = None
    distance: Literal["cosine", "euclidean"]
    decoding: str = "shorter side to H (bilinear), square from the middle, RGB, 0..255"
