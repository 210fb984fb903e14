"""Pairs within a batch: IM inside classes, IIM between all classes, ISIM one of each kind.

The paper pairs each image of the training part with others of that part, and so embeds C times
the images in an epoch for IIM, twice for ISIM. Here partners come from the same batch and are drawn
anew for each: every method embeds the same images. An image whose class has no other in the batch
is its own partner.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Pairs(NamedTuple):
    """Pairs of rows of a batch: int64 (P,) each, and what each pair is labelled, int64 (P,)."""

    first: Tensor
    second: Tensor
    labels: Tensor


def inner_pairs(labels: Tensor) -> Pairs:
    """IM: each row and another of its class, labelled by the class; P = B."""
    rows = torch.arange(len(labels), device=labels.device)
    return Pairs(rows, partners(labels, labels), labels)


def inner_inter_pairs(labels: Tensor, classes: int) -> Pairs:
    """IIM: each row and one of a random class of the batch, labelled by the two; P = B.

    The paper gives each row a partner of every class; a class drawn at random has these pairs'
    expected shares. The label is that of the unordered pair of classes: see `pair_label`.
    """
    present = torch.unique(labels)
    drawn = torch.randint(len(present), labels.shape, device=labels.device)
    rows = torch.arange(len(labels), device=labels.device)
    second = partners(labels, present[drawn])
    return Pairs(rows, second, pair_label(labels, labels[second], classes))


def inter_similarity_pairs(labels: Tensor) -> Pairs:
    """ISIM: each row and another of its class, labelled 1, and one of another class, 0; P = 2B.

    A batch of one class has no pairs of two.
    """
    rows = torch.arange(len(labels), device=labels.device)
    same = labels[:, None] == labels[None, :]
    matching = partners(labels, labels)
    if same.all():
        return Pairs(rows, matching, torch.ones_like(labels))
    other = torch.rand(same.shape, device=labels.device).masked_fill(same, -1.0).argmax(dim=1)
    kinds = torch.cat([torch.ones_like(labels), torch.zeros_like(labels)])
    return Pairs(rows.repeat(2), torch.cat([matching, other]), kinds)


def partners(labels: Tensor, wanted: Tensor) -> Tensor:
    """For each row a random other row of the class wanted, int64 (B,); itself if there is none."""
    chances = torch.rand(len(labels), len(labels), device=labels.device) + 1.0
    chances.fill_diagonal_(0.5)
    return chances.masked_fill(wanted[:, None] != labels[None, :], 0.0).argmax(dim=1)


def pair_label(first: Tensor, second: Tensor, classes: int) -> Tensor:
    """Number of the unordered pair of classes, int64: C pairs of one class, C (C - 1) / 2 of two.

    Numbered row by row of the upper triangle, 0..C (C + 1) / 2 - 1.
    """
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    return low * classes - low * (low - 1) // 2 + high - low
