"""Unsupervised terms: what unlabelled inputs ask of an embedding."""

from __future__ import annotations

from torch import Tensor, nn
from torch.distributions import Normal

from bench_methods.generative.decoder import Decoder
from bench_methods.generative.posterior import Posterior
from bench_methods.generative.prior import Prior
from harness import Outputs, View


class Term(nn.Module):
    """A loss of inputs and what the backbone makes of them."""

    def prepare(self, view: View) -> None:
        """Called once before training."""

    def companions(self) -> Tensor | None:
        """Inputs to be embedded with each batch, float (K, *input_shape), or None."""
        return None

    def forward(self, inputs: Tensor, outputs: Outputs) -> Tensor:
        """The loss of inputs, float (B, *input_shape), with the outputs of B + K rows; a scalar."""
        raise NotImplementedError


class Reconstruction(Term):
    """Mean squared error of inputs decoded from their embeddings."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, inputs: Tensor, outputs: Outputs) -> Tensor:
        """The mean over samples and over the numbers of an input."""
        return nn.functional.mse_loss(self.decoder(outputs.embeddings), inputs)


class Divergence(Term):
    """Mean KL divergence of the posteriors from a prior, in nats."""

    def __init__(self, posterior: Posterior, prior: Prior) -> None:
        super().__init__()
        self.posterior = posterior
        self.prior = prior

    def prepare(self, view: View) -> None:
        """Prepare the prior."""
        self.prior.prepare(view)

    def companions(self) -> Tensor | None:
        """What the prior wants to be embedded."""
        return self.prior.companions()

    def forward(self, inputs: Tensor, outputs: Outputs) -> Tensor:
        """The mean over samples."""
        _, divergence = self.sampled(len(inputs), outputs)
        return divergence.mean()

    def sampled(self, count: int, outputs: Outputs) -> tuple[Tensor, Tensor]:
        """A point of each of the first `count` posteriors, float (B, d), and their divergences."""
        rows = self.posterior(outputs)
        own, others = (
            Normal(rows.loc[part], rows.scale[part], validate_args=False)
            for part in (slice(count), slice(count, None))
        )
        sample: Tensor = own.rsample()
        return sample, self.prior.divergence(own, sample, others)


class EvidenceBound(Divergence):
    """The negative evidence lower bound of a VAE, per number of the input.

    The likelihood is N(decoded, I); its constant is dropped. Nats are divided by the numbers in an
    input, so that the bound has about the size of a metric loss, whatever the inputs.
    """

    def __init__(self, posterior: Posterior, prior: Prior, decoder: Decoder) -> None:
        super().__init__(posterior, prior)
        self.decoder = decoder

    def forward(self, inputs: Tensor, outputs: Outputs) -> Tensor:
        """The mean over samples of half the squared error plus the divergence."""
        sample, divergence = self.sampled(len(inputs), outputs)
        error = nn.functional.mse_loss(self.decoder(sample), inputs)
        return error / 2 + divergence.mean() / inputs[0].numel()
