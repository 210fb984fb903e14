"""Small stand-ins for what the core hands to an Objective, for checks and for authors' tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from harness.data import torch_stream
from harness.method import samples_per_class
from harness.method.objective import Batch, Context, Embed, LabelSet, Outputs
from harness.models.backbone import build_backbone
from harness.models.convnet import MLP
from harness.protocol.model import BackboneRule
from harness.training.optimizers import WeightGuard, method_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.method import Method

INPUTS, FEATURES, EMBEDDING = 12, 32, 8
CLASSES, PER_CLASS = 8, 4
STEPS = 10
_CPU = torch.device("cpu")
_BESIDE_THE_CLASS = (LabelSet(name="guise", values=2),)
# Of four classes with two samples each: two pairs of one class, two of two, turn by turn.
_AS_PAIRS = torch.tensor([0, 1, 2, 4, 6, 7, 3, 5])


def toy_context(  # noqa: PLR0913 - each is named
    *,
    classes: int = CLASSES,
    embedding_size: int = EMBEDDING,
    each: int = PER_CLASS,
    steps: int = STEPS,
    normalized: bool = True,
    members: int = 1,
    generator: torch.Generator | None = None,
    device: torch.device = _CPU,
    label_sets: tuple[LabelSet, ...] = (),
) -> Context:
    """What an Objective may know, for a run of `each` samples a class in batches of them all."""
    return Context(
        classes=classes,
        samples=classes * each,
        input_shape=(INPUTS,),
        embedding_size=embedding_size,
        feature_size=FEATURES * members,
        normalized=normalized,
        members=members,
        batch_size=classes * each,
        steps=steps,
        steps_per_epoch=5,
        device=device,
        generator=generator or torch.Generator().manual_seed(0),
        label_sets=label_sets,
    )


def toy_label_sets(method: Method) -> tuple[LabelSet, ...]:
    """What toy batches hold beside the class, for a method that declared that it learns from it.

    Every second class is in another guise.
    """
    return _BESIDE_THE_CLASS if method.label_sets == "attributes" else ()


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


def per_class(method: Method, each: int = PER_CLASS) -> int:
    """Samples of each class in the toy batches of a method; `each` where it has no say."""
    usual = {"one-per-class": 1, "pairs": 2}.get(method.batch, each)
    return samples_per_class(method.defaults(), usual)


def batch_for(
    method: Method, step: int = 0, *, classes: int = CLASSES, each: int = PER_CLASS
) -> Batch:
    """A batch composed as the method declares it: with its labels, views and classes."""
    plain = toy_batch(classes=classes, per_class=per_class(method, each), step=step)
    if method.batch == "pairs":
        order = torch.arange(len(plain.inputs)).reshape(-1, len(_AS_PAIRS))[:, _AS_PAIRS].flatten()
        plain = replace(
            plain,
            inputs=plain.inputs[order],
            labels=plain.require_labels()[order],
            attributes={name: codes[order] for name, codes in plain.attributes.items()},
        )
    noise = torch.randn(plain.inputs.shape, generator=torch_stream(0, "toy second view", step))
    second = plain.inputs + 0.1 * noise if method.views == 2 else None
    relevance = None
    if method.relevance == "graded":
        relevance = _relevance(plain.require_labels())
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
        relevance=relevance,
        attributes={one.name: plain.attributes[one.name] for one in toy_label_sets(method)},
    )


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The same batch with all its tensors on a device."""
    moved: dict[str, Any] = {
        name: x.to(device) for name, x in vars(batch).items() if isinstance(x, Tensor)
    }
    codes = {name: values.to(device) for name, values in batch.attributes.items()}
    return replace(batch, **moved, attributes=codes)


def _relevance(labels: Tensor) -> Tensor:
    """Degrees for groups of two classes: 1 in the class, a half in the group, 0 elsewhere."""
    same_group = labels[:, None] // 2 == labels // 2
    return torch.where(labels[:, None] == labels, 1.0, 0.5 * same_group)


class ToyEmbed:
    """An `Embed` over a small backbone: MLP trunk, linear head, L2-normalised embeddings."""

    def __init__(self, *, seed: int = 0, embedding_size: int = EMBEDDING, members: int = 1) -> None:
        rule = BackboneRule(
            name="mlp",
            weights="random",
            freeze_batch_norm=False,
            embedding_size=embedding_size,
            normalize=True,
        )
        self.backbone = build_backbone(
            lambda _: MLP(INPUTS, FEATURES), rule, (INPUTS,), fold=0, seed=seed, members=members
        )

    def __call__(self, inputs: Tensor) -> Tensor:
        """Embeddings, float32 (B, 8)."""
        embeddings: Tensor = self.backbone(inputs)
        return embeddings

    def features(self, inputs: Tensor) -> Tensor:
        """Trunk features, float32 (B, 32)."""
        return self.backbone.features(inputs)

    def outputs(self, inputs: Tensor) -> Outputs:
        """Features, unnormalised and final embeddings of one pass."""
        return self.backbone.outputs(inputs)


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
    and put back after it; `guard` watches the backbone's weights from the start. Its first epoch
    has begun, unless `begun` is false.
    """

    def __init__(  # noqa: PLR0913 - each is named
        self,
        method: Method,
        hyperparameters: Mapping[str, Any] | None = None,
        *,
        seed: int = 0,
        device: torch.device = _CPU,
        begun: bool = True,
        classes: int = CLASSES,
        each: int = PER_CLASS,
        embedding_size: int = EMBEDDING,
        steps: int = STEPS,
    ) -> None:
        self.method = method
        self.classes, self.each = classes, each
        self.seed = seed
        self.device = device
        self.embed = ToyEmbed(embedding_size=embedding_size, members=method.members)
        self.embed.backbone.to(device)
        self.guard = WeightGuard(self.embed.backbone)
        self.guard.remember(values=True)
        self.view = ToyView(on_device(batch_for(method, classes=classes, each=each), device))
        with method_state(seed, method.name, fold=0) as generator:
            point = method.point(hyperparameters or {})
            self.context = toy_context(
                classes=classes,
                each=each,
                embedding_size=embedding_size,
                steps=steps,
                members=method.members,
                generator=generator,
                device=device,
                label_sets=toy_label_sets(method),
            )
            self.objective = method.objective(point, self.context).to(device)
            self.objective.prepare(self.view, self.embed)
            if begun:
                self.objective.begin_epoch(0, self.view, self.embed)

    def begin_epoch(self, epoch: int) -> None:
        """Begin another epoch; the first has begun."""
        with method_state(self.seed, f"{self.method.name} epoch", fold=epoch):
            self.objective.begin_epoch(epoch, self.view, self.embed)

    def loss(
        self, step: int = 0, *, batch: Batch | None = None, embed: Embed | None = None
    ) -> Tensor:
        """The loss of one batch: the toy's own of that step, unless another is given."""
        given = batch
        if given is None:
            given = batch_for(self.method, step, classes=self.classes, each=self.each)
            given = on_device(given, self.device)
        with method_state(self.seed, f"{self.method.name} step", fold=step):
            loss: Tensor = self.objective(given, self.embed if embed is None else embed)
        return loss


def gradients_of(module: nn.Module) -> list[Tensor]:
    """The gradients that a module's parameters hold."""
    return [weight.grad for weight in module.parameters() if weight.grad is not None]
