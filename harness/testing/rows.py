"""The promise that a batch is a set: which row stands where means nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from harness.testing.applicable import NotApplicable, needs_training
from harness.testing.toys import ToyRun, batch_for

if TYPE_CHECKING:
    from harness.method import Method
    from harness.method.objective import Batch

ORDERED = ("pairs", "clusters")
"""Compositions that say which row stands where."""
_TOLERANCE = 1e-3


def the_order_of_rows_does_not_matter(method: Method) -> None:
    """The loss of a batch is that of the same batch with its classes in another order.

    Unless the declared composition has an order, or the loss draws at random.
    """
    needs_training(method)
    if method.batch in ORDERED:
        raise NotApplicable(f"{method.name} declares {method.batch}, which have an order")
    batch = batch_for(method)
    loss = ToyRun(method).loss(batch=batch).item()
    other = ToyRun(method)
    other.seed = 1  # of what a step draws: it is built as before
    if loss != other.loss(batch=batch).item():
        raise NotApplicable(f"{method.name} draws at random")
    mixed = _another_order(batch)
    reordered = ToyRun(method).loss(batch=_in_order(batch, mixed)).item()
    assert abs(reordered - loss) <= _TOLERANCE * max(1.0, abs(loss)), (
        f"{method.name}: the loss is {loss:.6g}, and {reordered:.6g} with the rows in another "
        "order: go by batch.labels or batch.indices, not by where a row stands, or declare "
        f"batch={' or batch='.join(map(repr, ORDERED))}"
    )


def _another_order(batch: Batch) -> torch.Tensor:
    """At random, but those of a class one after the other as before: who is first is a draw."""
    order = torch.randperm(len(batch.inputs), generator=torch.Generator().manual_seed(0))
    if batch.labels is not None:
        labels = batch.labels[order]
        for label in labels.unique():  # type: ignore[no-untyped-call]
            order[labels == label] = order[labels == label].sort().values
    return order


def _in_order(batch: Batch, order: torch.Tensor) -> Batch:
    parts: dict[str, Any] = {
        name: None if part is None else part[order]
        for name in ("inputs", "labels", "known", "indices", "second")
        for part in [getattr(batch, name)]
    }
    relevance = batch.relevance
    return replace(
        batch,
        **parts,
        relevance=None if relevance is None else relevance[order][:, order],
        attributes={name: codes[order] for name, codes in batch.attributes.items()},
    )
