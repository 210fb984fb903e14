"""The loss of prototypical networks, on a batch as one episode."""

from __future__ import annotations

from torch import Tensor, nn


class PrototypicalLoss(nn.Module):
    """Cross-entropy of queries over -scale |f - c|^2, c the mean of a class's supports.

    Snell et al. 2017, Eq. 2. Of each class's samples, in the order of the batch, the first, third
    and so on are supports and the others queries; a lone sample is a support.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); 0 if there is no query."""
        earlier = (labels[:, None] == labels[None, :]).tril(diagonal=-1).sum(dim=1)
        support = earlier % 2 == 0
        if bool(support.all()):
            return embeddings.sum() * 0.0
        classes, members = labels.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        shares = nn.functional.one_hot(members[support], len(classes)).to(embeddings.dtype)
        prototypes = (shares / shares.sum(dim=0)).T @ embeddings[support]
        distances = (embeddings[~support, None] - prototypes[None]).square().sum(dim=2)
        return nn.functional.cross_entropy(-self.scale * distances, members[~support])
