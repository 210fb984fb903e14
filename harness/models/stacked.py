"""Backbones of one kind that compute as one: grouped convolutions in place of small ones.

A small network leaves a GPU idle, and a CPU busy with calls. Side by side, the channels of several
are those of one wide network. Its convolutions are grouped, its batch norm is as it is, and a
linear layer is one batched product. (`torch.func.vmap` comes to the same convolutions by a longer
way, and does not know the memory format that the small ConvNets ask for.)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.method.objective import Outputs
from harness.models.backbone import Backbone

_ALIKE = (nn.ReLU, nn.GELU, nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity)
"""Layers without weights that act on each channel alone."""


def why_not_stacked(backbone: Backbone) -> str:
    """Why a backbone cannot be one of a Stack, in words; empty where it can."""
    if backbone.members > 1:
        return "the method trains several backbones in each run"
    if not backbone.trunk.channelwise:
        return "the trunk is not one of the small ones that can share their passes"
    for layer in backbone.trunk.modules():
        known = isinstance(layer, (*_JOINED, *_ALIKE, nn.Sequential)) or layer is backbone.trunk
        if not known:
            return f"the trunk has a {type(layer).__name__}, which does not share its passes"
    return ""


class Stack:
    """Backbones of one kind, in one pass.

    While it stands, weights and buffers of each backbone are slices of the stack's: a pass, an
    optimizer or a state dict of one sees and changes the same numbers. Raises ValueError for a
    backbone of `why_not_stacked`.
    """

    def __init__(self, backbones: Sequence[Backbone]) -> None:
        first = backbones[0]
        if reason := why_not_stacked(first):
            raise ValueError(reason)
        self.backbones = list(backbones)
        self._joined: list[tuple[nn.Parameter, list[nn.Parameter]]] = []
        self._trunk = copy.deepcopy(first.trunk)
        self._replace(self._trunk, [backbone.trunk for backbone in backbones])
        self._head = _Linear([backbone.head for backbone in backbones], self._join)

    def outputs(self, inputs: Tensor) -> Outputs:
        """What each backbone makes of its own inputs, float32 (R, B, C, H, W) or (R, B, D).

        Outputs are (R, B, sizes of one backbone's); gradients of them reach the stack's weights,
        and those of the backbones by `return_gradients`.
        """
        first, count = self.backbones[0], len(self.backbones)
        side_by_side = inputs.transpose(0, 1).flatten(1, 2)
        with first.computing(inputs):
            features = self._trunk(side_by_side)
            linear = self._head(features)
        shape = (len(features), count, -1)
        features = features.float().view(shape).transpose(0, 1)
        linear = linear.float().view(shape).transpose(0, 1)
        embeddings = functional.normalize(linear, dim=2) if first.normalize else linear
        return Outputs(features, linear, embeddings)

    def return_gradients(self, places: Sequence[int]) -> None:
        """Add the gradients of the stack's weights to those of the backbones at these places."""
        for joined, own in self._joined:
            if joined.grad is None:
                continue
            pieces = joined.grad.chunk(len(own))
            joined.grad = None
            for place in places:
                weight, piece = own[place], pieces[place]
                weight.grad = piece if weight.grad is None else weight.grad + piece

    def release(self) -> None:
        """Give every backbone weights and buffers of its own again."""
        for backbone in self.backbones:
            for tensor in (*backbone.parameters(), *backbone.buffers()):
                tensor.data = tensor.data.clone()
                tensor.grad = None if tensor.grad is None else tensor.grad.clone()

    def _replace(self, shell: nn.Module, owners: Sequence[nn.Module]) -> None:
        """Put joined layers in place of those that have weights, all the way down."""
        for name, layer in shell.named_children():
            own = [getattr(owner, name) for owner in owners]
            for kind, joined in _JOINED.items():
                if isinstance(layer, kind):
                    setattr(shell, name, joined(own, self._join))
                    break
            else:
                self._replace(layer, own)

    def _join(self, tensors: Sequence[Tensor | None]) -> Tensor | None:
        """One tensor of those of all backbones, along their first dimension; they become slices."""
        own = [tensor for tensor in tensors if tensor is not None]
        if not own:
            return None
        with torch.no_grad():
            flat = own[0].ndim == 0
            joined = torch.stack(own) if flat else torch.cat(own)
            for tensor, piece in zip(own, joined.chunk(len(own)), strict=True):
                tensor.data = piece[0] if flat else piece
        if not isinstance(own[0], nn.Parameter):
            return joined
        weight = nn.Parameter(joined, requires_grad=own[0].requires_grad)
        self._joined.append((weight, own))  # type: ignore[arg-type]
        return weight


_Join = Callable[[Sequence[Tensor | None]], Tensor | None]


class _Convolution(nn.Module):
    """Convolutions of several networks: (B, R * inputs, H, W) to (B, R * outputs, H', W')."""

    def __init__(self, own: Sequence[nn.Module], join: _Join) -> None:
        super().__init__()
        self._like: nn.Conv2d = own[0]  # type: ignore[assignment]
        self.count = len(own)
        self.weight = join([one.weight for one in own])  # type: ignore[misc]
        self.bias = join([one.bias for one in own])  # type: ignore[misc]

    def forward(self, inputs: Tensor) -> Tensor:
        """Convolve each network's channels by its own weights."""
        like = self._like
        assert self.weight is not None
        return functional.conv2d(
            inputs,
            self.weight,
            self.bias,
            like.stride,
            like.padding,
            like.dilation,
            groups=self.count,
        )


class _BatchNorm(nn.Module):
    """Batch norms of several networks: each channel has its own mean and variance anyway."""

    def __init__(self, own: Sequence[nn.Module], join: _Join) -> None:
        super().__init__()
        # Not as a module of this one: it says whether its network is training.
        self._of: tuple[nn.BatchNorm2d] = (own[0],)  # type: ignore[assignment]
        self.weight, self.bias, self.mean, self.variance, self.batches = (
            join([getattr(one, name) for one in own])
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Normalise (B, R * C, ...), and keep the running statistics as each network would."""
        (like,) = self._of
        assert like.momentum is not None
        assert self.batches is not None
        if like.training:
            self.batches.add_(1)
        return functional.batch_norm(
            inputs,
            self.mean,
            self.variance,
            self.weight,
            self.bias,
            like.training,
            like.momentum,
            like.eps,
        )


class _Linear(nn.Module):
    """Linear layers of several networks: (B, R * inputs) to (B, R * outputs)."""

    def __init__(self, own: Sequence[nn.Module], join: _Join) -> None:
        super().__init__()
        self.count = len(own)
        self.weight = join([one.weight for one in own])  # type: ignore[misc]
        self.bias = join([one.bias for one in own])  # type: ignore[misc]

    def forward(self, inputs: Tensor) -> Tensor:
        """Map each network's share by its own weights."""
        assert self.weight is not None
        apart = inputs.view(len(inputs), self.count, -1).transpose(0, 1)
        weights = self.weight.view(self.count, -1, apart.shape[2]).transpose(1, 2)
        if self.bias is None:
            mapped = torch.bmm(apart, weights)
        else:
            mapped = torch.baddbmm(self.bias.view(self.count, 1, -1), apart, weights)
        return mapped.transpose(0, 1).flatten(1)


_JOINED: dict[type[nn.Module], Callable[[Sequence[nn.Module], _Join], nn.Module]] = {
    nn.Conv2d: _Convolution,
    nn.BatchNorm2d: _BatchNorm,
    nn.BatchNorm1d: _BatchNorm,
    nn.Linear: _Linear,
}
