"""`Backbone`: trunk + linear embedding head, built from a named stream of random numbers."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from harness.data import seed_torch, stream_seed
from harness.errors import UserError
from harness.method.objective import Outputs
from harness.protocol.model import BackboneRule


def require_image(input_shape: tuple[int, ...]) -> int:
    """The channels of images of shape (C, H, W); UserError for inputs that are no images."""
    if len(input_shape) != 3:
        raise UserError(
            f"this backbone needs images, not vectors of {input_shape[0]} numbers: "
            "use mlp or linear"
        )
    return input_shape[0]


class MeanOfViews(nn.Module):
    """Maps raw images to the mean embedding of their views, of unit length if `normalize`.

    `views`: each makes one view of raw images (B, C, H, W), as `reader` takes it.
    """

    def __init__(
        self, reader: nn.Module, views: Sequence[Callable[[Tensor], Tensor]], *, normalize: bool
    ) -> None:
        super().__init__()
        self.reader = reader
        self.views = list(views)
        self.normalize = normalize

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings, float32 (B, embedding_size)."""
        mean = torch.stack([self.reader(view(images)) for view in self.views]).mean(dim=0)
        return nn.functional.normalize(mean) if self.normalize else mean


class Trunk(nn.Module):
    """Maps standardised inputs to features: float32 (B, C, H, W) or (B, D) to (B, feature_size)."""

    feature_size: int
    channelwise: ClassVar[bool] = False
    """Whether all between its layers acts on each channel alone: several can compute as one then
    (`models/stacked.py`)."""
    apart: ClassVar[bool] = False
    """Whether a process of its own computes it (`apart/trunk.py`)."""

    @property
    def processor_seconds(self) -> float:
        """What a process of its own has computed until now; 0 where it is all here."""
        return 0.0

    def forward(self, inputs: Tensor) -> Tensor:
        """Return features, float32 (B, feature_size)."""
        raise NotImplementedError


class JoinedTrunks(Trunk):
    """The trunks of an ensemble side by side: their features joined, member after member."""

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        super().__init__()
        self.members = nn.ModuleList(trunks)
        self.feature_size = sum(trunk.feature_size for trunk in trunks)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return all members' features, float32 (B, sum of their sizes)."""
        return torch.cat([trunk(inputs) for trunk in self.members], dim=1)


class JoinedHeads(nn.Module):
    """A linear head for each member: its own features in, its share of the embedding out."""

    def __init__(self, feature_sizes: Sequence[int], embedding_size: int) -> None:
        super().__init__()
        self.sizes = list(feature_sizes)
        share = embedding_size // len(self.sizes)
        self.members = nn.ModuleList([nn.Linear(size, share) for size in self.sizes])

    def forward(self, features: Tensor) -> Tensor:
        """Joined features, float32 (B, sum of sizes), to joined embeddings (B, embedding_size)."""
        shares = torch.split(features, self.sizes, dim=1)
        parts = [head(share) for head, share in zip(self.members, shares, strict=True)]
        return torch.cat(parts, dim=1)


class Backbone(nn.Module):
    """The shared network of a run: inputs to features to embeddings.

    Several trunks make an ensemble: each member has the embedding size divided by their number,
    and normalised embeddings are normalised member by member and then as a whole, so that their
    cosine is the mean of the members' cosines.
    """

    input_shape: tuple[int, ...] = ()
    """Of one input, (C, H, W) or (D,), where `build_backbone` built it."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """What trunk and head compute in; weights, features, embeddings and losses are float32."""

    def __init__(
        self, trunk: Trunk, embedding_size: int, *, normalize: bool, members: int = 1
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.head: nn.Module
        if isinstance(trunk, JoinedTrunks) and members > 1:
            sizes = [trunk.feature_size // members] * members
            self.head = JoinedHeads(sizes, embedding_size)
        else:
            self.head = nn.Linear(trunk.feature_size, embedding_size)
        self.normalize = normalize
        self.members = members

    def forward(self, inputs: Tensor) -> Tensor:
        """Embeddings, float32 (B, embedding_size), L2-normalised if the protocol says so."""
        return self.outputs(inputs).embeddings

    def outputs(self, inputs: Tensor) -> Outputs:
        """Features, the head's output and the embeddings, of one pass."""
        features = self.features(inputs)
        with self.computing(inputs):
            linear: Tensor = self.head(features)
        linear = linear.float()
        return Outputs(features, linear, self._normalized(linear) if self.normalize else linear)

    def features(self, inputs: Tensor) -> Tensor:
        """What the trunk makes of inputs, float32 (B, feature_size)."""
        with self.computing(inputs):
            features: Tensor = self.trunk(inputs)
        return features.float()

    def computing(self, inputs: Tensor) -> AbstractContextManager[object]:
        """Inside, what is computed of inputs on their device is so in this `precision`."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(inputs.device.type, getattr(torch, self.precision))

    def _normalized(self, linear: Tensor) -> Tensor:
        if self.members == 1:
            return nn.functional.normalize(linear)
        apart = linear.reshape(len(linear), self.members, -1)
        return nn.functional.normalize(apart, dim=2).flatten(1) / math.sqrt(self.members)


def build_backbone(
    build_trunk: Callable[[tuple[int, ...]], Trunk],
    rule: BackboneRule,
    input_shape: tuple[int, ...],
    *,
    fold: int,
    seed: int,
    members: int = 1,
) -> Backbone:
    """Build a backbone whose initial weights depend on seed, fold and members alone.

    The global generator is put back as it was.
    """
    # Weights are drawn on the CPU, so that they are the same whatever device trains them.
    with torch.random.fork_rng(devices=[]):
        seed_torch(stream_seed(seed, "weights", fold))
        trunks = [build_trunk(input_shape) for _ in range(members)]
        trunk = trunks[0] if members == 1 else JoinedTrunks(trunks)
        backbone = Backbone(trunk, rule.embedding_size, normalize=rule.normalize, members=members)
        if rule.head == "orthogonal":
            backbone.head.apply(_make_orthogonal)
    backbone.input_shape = tuple(input_shape)
    backbone.precision = rule.precision
    if rule.freeze_batch_norm:
        freeze_batch_norm(backbone.trunk)
    return backbone


def _make_orthogonal(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.orthogonal_(module.weight)
        nn.init.zeros_(module.bias)


def freeze_batch_norm(trunk: nn.Module) -> None:
    """Keep running statistics as they are whatever mode is set; weights and biases still train.

    As the reality check's code does: its batch-norm layers are put back into evaluation mode
    after each call of `train()`, and stay in the optimizer.
    """

    for module in trunk.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
            # The instance's own attribute: train() on the whole network no longer reaches it.
            module.train = functools.partial(_stay, module)  # type: ignore[assignment, method-assign]


def _stay(module: nn.Module, mode: bool = True) -> nn.Module:  # noqa: ARG001
    return module


def leaves_behind(made: Tensor) -> Iterator[Tensor]:
    """The tensors with a gradient that a tensor is made from, itself if it is one."""
    todo, seen = [made.grad_fn], set[Any]()
    if made.grad_fn is None and made.requires_grad:
        yield made
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            yield leaf
        todo += [before for before, _ in node.next_functions]


def weights_digest(backbone: nn.Module) -> str:
    """sha256 over names, shapes and values of all weights and buffers, first 16 digits."""
    digest = hashlib.sha256()
    for name, value in sorted(backbone.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
