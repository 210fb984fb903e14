"""The triplet loss on distances that a decoder pulls back from the input space."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bench_methods.generative.decoder import Decoder


class PullBackTripletLoss(nn.Module):
    """Mean over the violated triplets of [d(a, p) - d(a, n) + margin]+, all triplets of a batch.

    d is the length, under the metric J'J that the decoder's Jacobian J pulls back (Arvanitidis et
    al. 2018), of the straight line between two embeddings, in two pieces: the decoded line's
    length by its ends and its middle. No shorter, curved path is searched for. Lengths are per
    root of the numbers in an input, so that margins do not depend on its size.

    The decoder gets no gradient from here: the loss moves the embeddings, not the metric.
    """

    def __init__(self, decoder: Decoder, margin: float) -> None:
        super().__init__()
        self.decoder = decoder
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if all hold."""
        from pytorch_metric_learning.utils.loss_and_miner_utils import get_all_triplets_indices

        anchor, positive, negative = get_all_triplets_indices(labels)
        lengths = pull_back_lengths(self.decoder, embeddings)
        violations = lengths[anchor, positive] - lengths[anchor, negative] + self.margin
        violations = violations.clamp_min(0)
        return violations.sum() / (violations > 0).sum().clamp_min(1)


def pull_back_lengths(decoder: nn.Module, points: Tensor) -> Tensor:
    """Length of the decoded line between each two of B latent points, float (B, B); decoder fixed.

    The root of the mean square over the numbers of an input, in two pieces.
    """
    fixed = {name: weight.detach() for name, weight in decoder.named_parameters()}

    def decode(latent: Tensor) -> Tensor:
        decoded: Tensor = torch.func.functional_call(decoder, fixed, (latent,))
        return decoded.flatten(start_dim=1)

    first, second = torch.triu_indices(len(points), len(points), offset=1, device=points.device)
    ends = decode(points)
    middles = decode((points[first] + points[second]) / 2)
    pieces = torch.stack([middles - ends[first], middles - ends[second]])
    norms: Tensor = torch.linalg.vector_norm(pieces, dim=2)
    lengths = norms.sum(dim=0) / math.sqrt(ends.shape[1])
    half = lengths.new_zeros(len(points), len(points)).index_put((first, second), lengths)
    return half + half.t()
