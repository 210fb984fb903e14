"""Batch compositions: the whole sequence of batches of a run, drawn before its first step."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from harness.data.streams import numpy_stream
from harness.errors import UserError
from harness.protocol.model import TrainingRule

Batches = npt.NDArray[np.int64]

DRAWN: tuple[str, ...] = ("balanced", "one-per-class", "uniform")


def draw_batches(
    labels: npt.NDArray[np.int64], composition: str, rule: TrainingRule, *, fold: int, seed: int
) -> Batches:
    """Draw all batches of a run: int64 (steps, batch_size), positions into `labels`.

    `balanced`: `samples_per_class` images of each of batch_size / samples_per_class classes.
    `one-per-class`: one image of each of batch_size classes. Classes are drawn without
    replacement in a batch, images without replacement in a class. A training part with fewer
    classes than that has all of them in each batch, with as equal shares as the batch size
    allows. `uniform`: images without replacement in a batch, whatever their class.
    The draw depends on seed, fold and composition alone, so that all methods of one composition
    share it. Raises UserError for a composition that the core does not draw itself.
    """
    draw = numpy_stream(seed, "batches", composition, fold)
    if composition == "uniform":
        return _uniform(draw, len(labels), rule)
    if composition not in DRAWN:
        raise UserError(f"batch composition '{composition}' is not drawn by the core yet")
    per_class = rule.samples_per_class if composition == "balanced" else 1
    return _by_class(draw, labels, rule, per_class)


def _uniform(draw: np.random.Generator, count: int, rule: TrainingRule) -> Batches:
    replace = count < rule.batch_size
    picks = [draw.choice(count, rule.batch_size, replace=replace) for _ in range(rule.steps)]
    return np.stack(picks).astype(np.int64)


def _by_class(
    draw: np.random.Generator, labels: npt.NDArray[np.int64], rule: TrainingRule, per_class: int
) -> Batches:
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    ways = min(len(members), rule.batch_size // per_class)
    share, extra = divmod(rule.batch_size, ways)
    batches = np.empty((rule.steps, rule.batch_size), dtype=np.int64)
    for batch in batches:
        filled = 0
        for place, chosen in enumerate(draw.permutation(len(members))[:ways]):
            size = share + (place < extra)
            pool = members[chosen]
            batch[filled : filled + size] = draw.choice(pool, size, replace=len(pool) < size)
            filled += size
    return batches


def batches_digest(batches: Batches) -> str:
    """sha256 over the whole sequence, first 16 hexadecimal digits."""
    return hashlib.sha256(batches.astype("<i8").tobytes()).hexdigest()[:16]
