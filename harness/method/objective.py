"""`Objective`: a method built for one run, and what the core hands to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from typing import Protocol as Interface

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """An attribute that is a label set beside the class: codes are 0..values-1.

    `positions`: where each value stands, if the protocol says that they are in order; else None.
    """

    name: str
    values: int
    positions: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """What an Objective may know about its run when it is built.

    `classes`: classes of the training part; batch labels are 0..classes-1. `samples`: its samples.
    `input_shape`: of one input, (C, H, W) or (D,).
    `embedding_size`, `feature_size`: widths of `embed(x)` and `embed.features(x)`; an ensemble's
    are those of all `members` joined, member after member.
    `normalized`: whether the protocol L2-normalises embeddings; `embed` returns them so. Where it
    does not, a loss that normalises inside cannot see lengths, which then count.
    `distance`: by what the embeddings will be compared, the method's own declaration heeded.
    `label_sets`: what `attributes` of batches and of the view hold, in the protocol's order; empty
    for a method that did not declare `label_sets="attributes"`.
    `generator`: a CPU generator of the method's own stream; the global generators (torch, numpy,
    random) are seeded from that stream too, so that drawing from them is reproducible and
    changes nothing for other methods.
    """

    classes: int
    samples: int
    input_shape: tuple[int, ...]
    embedding_size: int
    feature_size: int
    normalized: bool
    members: int
    batch_size: int
    steps: int
    steps_per_epoch: int
    device: torch.device
    generator: torch.Generator
    distance: Literal["cosine", "euclidean"] = "cosine"
    label_sets: tuple[LabelSet, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One training batch.

    `inputs`: float32, (B, C, H, W) or (B, D), augmented and standardised.
    `labels`: int64, (B,), 0..classes-1; -1 where unknown; None for a method that declared none.
    `known`: bool, (B,): which labels are known.
    `indices`: int64, (B,): positions in the training part, stable over the run.
    `attributes`: int64 codes, (B,) each, -1 where unknown, for a method that declared
    `label_sets="attributes"`. `second`: a second augmented view, if declared.
    `relevance`: float32, (B, B), in [0, 1], for a method that declared graded relevance: 1 within
    a class, between 0 and 1 within a group of classes, 0 otherwise.
    `step`: 0-based optimizer step.
    """

    inputs: Tensor
    labels: Tensor | None
    known: Tensor
    indices: Tensor
    step: int
    second: Tensor | None = None
    relevance: Tensor | None = None
    attributes: Mapping[str, Tensor] = field(default_factory=dict)

    def require_labels(self) -> Tensor:
        """The labels of a method that declared it needs them."""
        if self.labels is None:
            raise RuntimeError("this method declared labels='none' and receives none")
        return self.labels


class Outputs(NamedTuple):
    """What one pass through the backbone gives, float32.

    `features`: trunk features, (B, feature_size). `linear`: the head's output before any
    normalisation, (B, embedding_size). `embeddings`: as `embed(x)` gives them.
    """

    features: Tensor
    linear: Tensor
    embeddings: Tensor


@dataclass(frozen=True)
class Readout:
    """A linear map that stands in for the embedding head: x to x @ matrix.T + offset.

    `of`: what it reads. `matrix`: float, (width, size of what it reads), with a width of at most
    the protocol's embedding size. `offset`: float, (width,), or None. The result is normalised
    if the protocol normalises embeddings.
    """

    of: Literal["features", "embeddings"]
    matrix: Tensor
    offset: Tensor | None = None


@dataclass(frozen=True)
class Clusters:
    """How a method that declared `clusters` batches has divided the training part.

    `assignment`: int64, (N,), 0..K-1. `neighbours`: int64, (K, M): for each cluster others, the
    nearest first. `weights`: float, (K,), not negative: how probable each is to be drawn first.
    """

    assignment: Tensor
    neighbours: Tensor
    weights: Tensor


class Embed(Interface):
    """The shared backbone, as an Objective sees it: gradients flow, images are counted."""

    def __call__(self, inputs: Tensor) -> Tensor:
        """Embeddings, float32, (B, embedding_size); L2-normalised if the protocol says so."""
        ...

    def features(self, inputs: Tensor) -> Tensor:
        """Trunk features before the head, float32, (B, feature_size)."""
        ...

    def outputs(self, inputs: Tensor) -> Outputs:
        """Features, unnormalised and final embeddings of one pass: images count once."""
        ...


class View(Interface):
    """The training part, as an Objective sees it; nothing else of the dataset can be reached."""

    def __len__(self) -> int: ...

    @property
    def labels(self) -> Tensor | None:
        """Int64, (N,), 0..classes-1; -1 where unknown; None for a method that declared none."""
        ...

    @property
    def attributes(self) -> Mapping[str, Tensor]:
        """Int64 codes, (N,) each, -1 where unknown; none for a method that did not ask for any."""
        ...

    def inputs(self, indices: Tensor) -> Tensor:
        """Standardised inputs without augmentation, float32, at the given positions."""
        ...


class Objective(nn.Module):
    """A method built for one run: a loss, and whatever it needs around it.

    Its parameters (proxies, decoders, heads) train under the protocol's objective optimizer.
    Only `forward` must be written. The core owns the optimizer, the sampler, the schedule, the
    selection and the scoring.
    """

    def prepare(self, view: View, embed: Embed) -> None:
        """Called once before the first step, the backbone in evaluation mode; audited."""

    def begin_epoch(self, epoch: int, view: View, embed: Embed) -> None:
        """Called every `steps_per_epoch` steps, before the step, from epoch 0.

        The backbone is in evaluation mode: embedding the training part leaves it as it is.
        """

    def clusters(self) -> Clusters:
        """How batches are to be drawn until the next epoch; for `clusters` batches only.

        Called after each `begin_epoch`. The core then draws one cluster by its weight, as many of
        its neighbours as a batch has places for, and the protocol's samples per class from each.
        """
        raise NotImplementedError(f"{type(self).__name__} must define clusters()")

    def finish(self, view: View, embed: Embed) -> Readout:
        """Return a linear readout, learned from training data alone; for `readout` methods only.

        Called once, after training, without gradient and with the selected weights.
        """
        raise NotImplementedError(f"{type(self).__name__} must define finish(view, embed)")

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the loss of one batch: a finite scalar that gradients can flow from."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(batch, embed)")
