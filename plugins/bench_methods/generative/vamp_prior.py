"""The VampPrior (Tomczak and Welling, AISTATS 2018)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from bench_methods.generative.densities import mixture_log_density
from bench_methods.generative.prior import Prior
from harness import View


class VampPrior(Prior):
    """p(z) = 1/K sum_k q(z|u_k): the mean posterior of K learned pseudo-inputs u_k.

    Pseudo-inputs start as training inputs drawn at random and are free from there, in standardised
    units. (The authors' code bounds them to the range of pixels by a Hardtanh, which has no
    gradient where a pixel starts at the bound, as background does.) They pass through the backbone
    together with the batch, so that both see one set of batch statistics; they count as images.
    """

    def __init__(
        self, components: int, input_shape: tuple[int, ...], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.pseudo_inputs = nn.Parameter(torch.zeros(components, *input_shape))
        self._generator = generator

    def prepare(self, view: View) -> None:
        """Start the pseudo-inputs as training inputs, drawn with replacement."""
        count = (len(self.pseudo_inputs),)
        drawn = torch.randint(len(view), count, generator=self._generator)
        with torch.no_grad():
            self.pseudo_inputs.copy_(view.inputs(drawn.to(self.pseudo_inputs.device)))

    def companions(self) -> Tensor | None:
        """The pseudo-inputs, float (K, *input_shape)."""
        return self.pseudo_inputs

    def log_density(self, sample: Tensor, companions: Normal) -> Tensor:
        """Log p(z), float (B,), with the posteriors of the pseudo-inputs as components."""
        count = len(companions.loc)
        return mixture_log_density(sample, companions, sample.new_full((count,), -math.log(count)))
