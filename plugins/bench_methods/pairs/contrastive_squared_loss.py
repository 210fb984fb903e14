"""The contrastive loss as Hadsell et al. wrote it: squared."""

from __future__ import annotations

from torch import Tensor, nn

from bench_methods.pairs.batch_pairs import distances, masked_mean, pair_masks


def squared_contrastive(distance: Tensor, same: Tensor, margin: float) -> Tensor:
    """d^2 of a pair of one class, [margin - d]+^2 of one of two: elementwise, any shape."""
    pushed = (margin - distance).clamp_min(0.0) ** 2
    return (distance**2).where(same, pushed)


class SquaredContrastiveLoss(nn.Module):
    """The mean of `squared_contrastive` over all pairs of a batch."""

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if there are no pairs."""
        positive, negative = pair_masks(labels)
        values = squared_contrastive(distances(embeddings), positive, self.margin)
        return masked_mean(values, positive | negative)
