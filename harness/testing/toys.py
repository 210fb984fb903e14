"""Small stand-ins for what the core hands to an Objective, for checks and for authors' tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from harness.data.streams import stream_seed, torch_stream
from harness.method.objective import Batch, Context, Embed
from harness.models.backbone import Backbone
from harness.models.convnet import MLP
from harness.training.guard import WeightGuard, method_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.method import Method

INPUTS, FEATURES, EMBEDDING = 12, 32, 8
CLASSES, PER_CLASS = 8, 4


def toy_context(
    *,
    classes: int = CLASSES,
    embedding_size: int = EMBEDDING,
    normalized: bool = True,
    generator: torch.Generator | None = None,
) -> Context:
    """What an Objective may know, for a run of 32 samples in batches of 32 on the CPU."""
    return Context(
        classes=classes,
        samples=classes * PER_CLASS,
        embedding_size=embedding_size,
        feature_size=FEATURES,
        normalized=normalized,
        batch_size=classes * PER_CLASS,
        steps=10,
        steps_per_epoch=5,
        device=torch.device("cpu"),
        generator=generator or torch.Generator().manual_seed(0),
    )


def toy_batch(
    *, classes: int = CLASSES, per_class: int = PER_CLASS, step: int = 0, seed: int = 0
) -> Batch:
    """A fully labelled batch: `per_class` noisy vectors, float32 (B, 12), of each class."""
    draw = torch_stream(seed, "toy batch", step)
    centers = torch.randn(classes, INPUTS, generator=torch_stream(seed, "toy centers"))
    labels = torch.arange(classes).repeat_interleave(per_class)
    noise = torch.randn(len(labels), INPUTS, generator=draw)
    return Batch(
        inputs=centers[labels] + noise,
        labels=labels,
        known=torch.ones(len(labels), dtype=torch.bool),
        indices=torch.arange(len(labels)),
        step=step,
        attributes={"guise": labels % 2},
    )


def per_class(method: Method) -> int:
    """Samples of each class in the toy batches of a method."""
    return {"one-per-class": 1, "pairs": 2}.get(method.batch, PER_CLASS)


def batch_for(method: Method, step: int = 0) -> Batch:
    """A batch composed as the method declares it: with its labels, views and classes."""
    plain = toy_batch(per_class=per_class(method), step=step)
    noise = torch.randn(plain.inputs.shape, generator=torch_stream(0, "toy second view", step))
    second = plain.inputs + 0.1 * noise if method.views == 2 else None
    known = plain.known.clone()
    labels = plain.labels
    if method.labels == "known":
        known[::PER_CLASS] = False
        labels = plain.require_labels().masked_fill(~known, -1)
    return Batch(
        inputs=plain.inputs,
        labels=None if method.labels == "none" else labels,
        known=known,
        indices=plain.indices,
        step=step,
        second=second,
        attributes=plain.attributes,
    )


class ToyEmbed:
    """An `Embed` over a small backbone: MLP trunk, linear head, L2-normalised embeddings."""

    def __init__(self, *, seed: int = 0, embedding_size: int = EMBEDDING) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stream_seed(seed, "toy weights"))
            self.backbone = Backbone(MLP(INPUTS, FEATURES), embedding_size, normalize=True)

    def __call__(self, inputs: Tensor) -> Tensor:
        """Embeddings, float32 (B, 8)."""
        embeddings: Tensor = self.backbone(inputs)
        return embeddings

    def features(self, inputs: Tensor) -> Tensor:
        """Trunk features, float32 (B, 32)."""
        features: Tensor = self.backbone.trunk(inputs)
        return features


class ToyView:
    """A `View` of one toy batch, as a method with these declarations would see it."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return len(self._batch.inputs)

    @property
    def labels(self) -> Tensor | None:
        """Labels as the method declared them."""
        return self._batch.labels

    @property
    def attributes(self) -> Mapping[str, Tensor]:
        """Attribute codes."""
        return self._batch.attributes

    def inputs(self, indices: Tensor) -> Tensor:
        """Inputs at the given positions."""
        return self._batch.inputs[indices]


class ToyRun:
    """A method built and prepared for a toy run, in the order in which the core does it.

    As in the core, the global generators are seeded from the method's own stream around each call
    and put back after it; `guard` watches the backbone's weights from the start.
    """

    def __init__(
        self, method: Method, hyperparameters: Mapping[str, Any] | None = None, *, seed: int = 0
    ) -> None:
        self.method = method
        self.seed = seed
        self.embed = ToyEmbed()
        self.guard = WeightGuard(self.embed.backbone)
        self.guard.remember(values=True)
        view = ToyView(batch_for(method))
        with method_state(seed, method.name, fold=0) as generator:
            point = method.point(hyperparameters or {})
            self.objective = method.build(point, toy_context(generator=generator))
            self.objective.prepare(view, self.embed)
            self.objective.begin_epoch(0, view, self.embed)

    def loss(
        self, step: int = 0, *, batch: Batch | None = None, embed: Embed | None = None
    ) -> Tensor:
        """The loss of one batch: the toy's own of that step, unless another is given."""
        given = batch_for(self.method, step) if batch is None else batch
        with method_state(self.seed, f"{self.method.name} step", fold=step):
            loss: Tensor = self.objective(given, self.embed if embed is None else embed)
        return loss


def gradients_of(module: nn.Module) -> list[Tensor]:
    """The gradients that a module's parameters hold."""
    return [weight.grad for weight in module.parameters() if weight.grad is not None]
