"""The loss of structured clustering: distances are differentiated, medoids are constants."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bench_methods.clustering.medoid_search import best_medoids
from bench_methods.pairs.batch_pairs import distances


class FacilityLocationLoss(nn.Module):
    """[ max_S ( F(S) + gamma (1 - NMI(S)) ) - F* ]+ over sets S of as many medoids as classes.

    F(S) = -sum_i min_{j in S} d_ij, with Euclidean distances; F* sums over the classes the score
    of the best medoid of their own (Song et al. 2017, Eq. 9). S is found by a search that can
    miss the maximum: the loss is then too low, never too high.
    """

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar, not negative."""
        distance = distances(embeddings)
        _, classes = torch.unique(labels, return_inverse=True)
        medoids, nmi = best_medoids(
            distance.detach().cpu().double().numpy(), classes.cpu().numpy(), self.gamma
        )
        facility = -distance[:, torch.from_numpy(medoids).to(labels.device)].amin(dim=1).sum()
        margin = self.gamma * (1.0 - nmi)
        return torch.relu(facility + margin - _oracle(distance, classes))


def _oracle(distance: Tensor, classes: Tensor) -> Tensor:
    """The score of the best medoid of each class, summed."""
    same = classes[:, None] == classes[None, :]
    costs = torch.where(same, distance, 0.0).sum(dim=0)
    of_class = nn.functional.one_hot(classes).T.bool()
    return -costs.masked_fill(~of_class, torch.inf).amin(dim=1).sum()
