"""A step's first question, answered before it is asked: most methods ask the same at every step.

What was computed in vain leaves no trace: buffers, the random generator and the counts are put
back as they were, and nothing is foretold in that run again.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.apart.trunk import TrunkApart
from harness.models.backbone import Backbone
from harness.training.embedding import Counts


class Ahead:
    """What is known of how a method's steps begin.

    `wanted`: of the batch; empty where nothing is foretold. `open`: whether a pass was foretold
    that may yet be declined.
    """

    def __init__(self, backbone: Backbone, counts: Counts) -> None:
        self.wanted: tuple[str, ...] = ()
        self.open = False
        # A plugin's trunk may keep what nobody can put back.
        self.decided = any(isinstance(module, TrunkApart) for module in backbone.modules())
        self._counts = counts
        self._buffers = list(backbone.buffers())
        self._before: list[Tensor] = []
        self._state: Tensor
        self._counted: dict[str, Tensor | int] = {}

    def learn(self, wanted: tuple[str, ...], inputs: Tensor, batch: Tensor, *, plain: bool) -> None:
        """Take note of the first question of the first step: what, and of which inputs.

        `plain`: gradients of it may come, and none are asked back of the inputs.
        """
        self.decided = True
        # The generator of a card is not put back.
        if plain and batch.device.type == "cpu" and torch.equal(inputs, batch):
            self.wanted = wanted

    def begin(self) -> None:
        """Take note of all that a pass changes."""
        self.open = True
        if not self._before:
            self._before = [buffer.detach().clone() for buffer in self._buffers]
        elif self._buffers:
            with torch.no_grad():
                torch._foreach_copy_(self._before, self._buffers)
        self._state, self._counted = torch.get_rng_state(), dict(vars(self._counts))

    def undo(self) -> None:
        """Have the pass since `begin` never been, and foretell nothing from now on."""
        self.wanted, self.open = (), False
        with torch.no_grad():
            for buffer, before in zip(self._buffers, self._before, strict=True):
                buffer.copy_(before)
        torch.set_rng_state(self._state)
        vars(self._counts).update(self._counted)
