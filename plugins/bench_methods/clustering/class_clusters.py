"""Dividing each class of the training part into clusters of embeddings."""

from __future__ import annotations

import faiss
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

STARTS = 3


def class_clusters(
    embeddings: Tensor, labels: Tensor, *, per_class: int, seed: int
) -> tuple[Tensor, Tensor]:
    """Cluster each class by k-means; a class with fewer distinct samples has fewer clusters.

    `embeddings`: float (N, D). `labels`: int64 (N,). Returns, on the CPU, the assignment, int64
    (N,), 0..K-1 with no empty cluster, and the class of each cluster, int64 (K,).
    """
    points = np.ascontiguousarray(embeddings.detach().cpu().numpy(), dtype=np.float32)
    classes = labels.cpu().numpy()
    assignment = np.empty(len(points), dtype=np.int64)
    owners: list[int] = []
    for owner in np.unique(classes):
        members = np.flatnonzero(classes == owner)
        own = _kmeans(points[members], min(per_class, len(members)), seed)
        assignment[members] = len(owners) + own
        owners.extend([int(owner)] * (int(own.max()) + 1))
    return torch.from_numpy(assignment), torch.tensor(owners)


def impostors(embeddings: Tensor, assignment: Tensor, owners: Tensor, *, most: int) -> Tensor:
    """For each cluster the nearest of other classes, by their means: int64 (K, M), nearest first.

    `embeddings`: float (N, D). `assignment`: int64 (N,). `owners`: int64 (K,), the classes of the
    clusters. M is `most`, or what the cluster with the fewest impostors has.
    """
    sums = torch.zeros(len(owners), embeddings.shape[1], dtype=embeddings.dtype)
    sums.index_add_(0, assignment, embeddings)
    means = sums / assignment.bincount(minlength=len(owners))[:, None]
    same = owners[:, None] == owners[None, :]
    distances = torch.cdist(means, means).masked_fill(same, torch.inf)
    available = len(owners) - int(same.sum(dim=1).max())
    return distances.argsort(dim=1)[:, : min(most, available)]


def _kmeans(points: npt.NDArray[np.float32], clusters: int, seed: int) -> npt.NDArray[np.int64]:
    """Clusters of points, int64 (N,), numbered without gaps."""
    if clusters == 1:
        return np.zeros(len(points), dtype=np.int64)
    kmeans = faiss.Kmeans(
        points.shape[1], clusters, nredo=STARTS, seed=seed, min_points_per_centroid=1
    )
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # for so few points threads only wait for each other
    try:
        kmeans.train(points)
        _, nearest = kmeans.index.search(points, 1)
    finally:
        faiss.omp_set_num_threads(threads)
    _, numbered = np.unique(nearest[:, 0], return_inverse=True)
    return numbered.astype(np.int64)
