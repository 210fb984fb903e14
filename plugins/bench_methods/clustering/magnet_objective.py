"""Magnet's Objective: an index of clusters, refreshed every epoch."""

from __future__ import annotations

import torch
from torch import Tensor

from bench_methods.clustering.class_clusters import class_clusters, impostors
from bench_methods.clustering.magnet_loss import magnet_losses
from bench_methods.training_part import embed_all
from harness import Batch, Clusters, Context, Embed, Objective, View


class MagnetObjective(Objective):
    """Clusters every class at the start of an epoch, then asks for batches of impostors.

    A cluster is drawn as the first of a batch by the mean of its samples' latest losses. A cluster
    none of whose samples was seen yet counts as an average one; at first all count alike.
    """

    def __init__(self, *, clusters_per_class: int, gap: float, context: Context) -> None:
        super().__init__()
        self.clusters_per_class = clusters_per_class
        self.gap = gap
        self.most = context.batch_size
        self.generator = context.generator
        self.assignment = torch.zeros(context.samples, dtype=torch.long)
        self.neighbours = torch.zeros(1, 0, dtype=torch.long)
        self.losses = torch.full((context.samples,), torch.nan)

    def begin_epoch(self, epoch: int, view: View, embed: Embed) -> None:  # noqa: ARG002
        """Embed the training part and divide each of its classes anew."""
        labels = view.labels
        if labels is None:
            raise RuntimeError("magnet clusters classes and needs labels")
        embeddings = embed_all(view, embed).cpu()
        seed = int(torch.randint(2**31 - 1, (), generator=self.generator))
        self.assignment, owners = class_clusters(
            embeddings, labels, per_class=self.clusters_per_class, seed=seed
        )
        self.neighbours = impostors(embeddings, self.assignment, owners, most=self.most)

    def clusters(self) -> Clusters:
        """The clusters of this epoch, weighted by their losses so far."""
        seen = ~self.losses.isnan()
        count = len(self.neighbours)
        sums = torch.zeros(count).index_add_(0, self.assignment[seen], self.losses[seen])
        sizes = self.assignment[seen].bincount(minlength=count)
        average = self.losses[seen].mean() if seen.any() else torch.ones(())
        weights = torch.where(sizes > 0, sums / sizes.clamp_min(1), average)
        if not weights.any():
            weights = torch.ones(count)
        return Clusters(self.assignment, self.neighbours, weights)

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Mean loss of the batch; each sample's own is kept for the next epoch."""
        indices = batch.indices.cpu()
        clusters = self.assignment[indices].to(batch.inputs.device)
        losses = magnet_losses(embed(batch.inputs), clusters, batch.require_labels(), self.gap)
        self.losses[indices] = losses.detach().float().cpu()
        return losses.mean()
