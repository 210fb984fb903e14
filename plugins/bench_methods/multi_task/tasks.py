"""A task is one label set: how far apart its values are, and which dimensions are its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from harness import Batch, Context

SAME = 1e-6
"""Gaps that differ by less are one: they are differences of floats, in spans of 1."""


@dataclass(frozen=True)
class Task:
    """A label set: how many values it has, and where each stands if they are in order.

    `name`: of the attribute; empty for the class.
    """

    name: str
    values: int
    positions: tuple[float, ...] | None = None

    def codes(self, batch: Batch) -> Tensor:
        """The batch's codes of it, int64 (B,), -1 where unknown."""
        return batch.attributes[self.name] if self.name else batch.require_labels()

    def gaps(self, codes: Tensor) -> Tensor:
        """How far each value is from each other, float32 (B, B) from 0 to 1.

        Without an order 0 for the same value and 1 for any other; with one, the difference of the
        positions over the widest there is. `codes`: int64 (B,), all known.
        """
        if self.positions is None:
            return (codes[:, None] != codes).float()
        places = self.spread(codes.device)[codes]
        return (places[:, None] - places).abs()

    def spread(self, device: torch.device | None = None) -> Tensor:
        """The positions moved and scaled to lie from 0 to 1: float32 (values,)."""
        assert self.positions is not None, "asked of label sets in order alone"
        places = torch.tensor(self.positions, dtype=torch.float64, device=device)
        return ((places - places.min()) / (places.max() - places.min())).float()

    def rungs(self, most: int) -> tuple[float, ...]:
        """The gaps up to which two values can count as alike; 0 alone without an order.

        All but the widest; of more than `most` so many, evenly from the first to the last.
        """
        if self.positions is None:
            return (0.0,)
        places = self.spread()
        found = (places[:, None] - places).abs().unique().tolist()  # type: ignore[no-untyped-call]
        apart = [found[0], *(b for a, b in pairwise(found) if b - a > SAME)][:-1]
        if len(apart) <= most:
            return tuple(apart)
        steps = torch.linspace(0, len(apart) - 1, most).round().long().tolist()
        return tuple(apart[step] for step in steps)


def tasks_of(context: Context) -> list[Task]:
    """The class, and every label set that the protocol gives beside it, in its order."""
    beside = [Task(one.name, one.values, one.positions) for one in context.label_sets]
    return [Task("", context.classes), *beside]


def dimensions(size: int, tasks: int, layout: str) -> Sequence[slice]:
    """Which dimensions of the embedding each task has: all of them, or slices that are disjoint.

    The slices are of one width, but for the class's, which has what is left over. Raises
    ValueError where there are fewer dimensions than tasks.
    """
    if layout == "shared":
        return [slice(0, size)] * tasks
    width = size // tasks
    if not width:
        raise ValueError(f"{tasks} label sets cannot share {size} dimensions in slices")
    first = size - (tasks - 1) * width
    ends = [0, *(first + step * width for step in range(tasks))]
    return [slice(start, end) for start, end in pairwise(ends)]
