"""DREML's Objective: a softmax over meta-classes for each member."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness import Batch, Context, Embed, Objective


class DremlObjective(Objective):
    """The mean over members of the cross-entropy of each against its own meta-classes.

    A member's logits are the coordinates of its L2-normalised embedding times `scale`: the cosines
    to one-hot proxies that are not trained.
    """

    meta_classes: Tensor

    def __init__(self, *, scale: float, context: Context) -> None:
        super().__init__()
        self.scale = scale
        self.members = context.members
        partition = random_partitions(
            context.classes,
            context.embedding_size // context.members,
            context.members,
            context.generator,
        )
        self.register_buffer("meta_classes", partition)

    def forward(self, batch: Batch, embed: Embed) -> Tensor:
        """Return the loss of one batch."""
        embeddings = torch.stack(embed(batch.inputs).chunk(self.members, dim=1))
        logits = self.scale * nn.functional.normalize(embeddings, dim=2)
        targets = self.meta_classes[:, batch.require_labels()]
        return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def random_partitions(
    classes: int, meta_classes: int, members: int, generator: torch.Generator
) -> Tensor:
    """Meta-class of each class for each member: int64 (members, classes), on the CPU.

    Drawn independently for each member; each meta-class has floor or ceil of
    classes / meta_classes classes, and which have more is drawn too.
    """
    partitions = []
    for _ in range(members):
        names = torch.randperm(meta_classes, generator=generator)
        order = torch.randperm(classes, generator=generator)
        partitions.append(names[order % meta_classes])
    return torch.stack(partitions)
