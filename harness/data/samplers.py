"""Batch compositions: the whole sequence of batches of a run, drawn before its first step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.data.streams import numpy_stream
from harness.errors import UserError
from harness.protocol.model import TrainingRule

Batches = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Shape:
    """How many batches of how many samples, and how many of a class if balanced."""

    steps: int
    size: int
    per_class: int


def draw_batches(
    labels: npt.NDArray[np.int64],
    known: npt.NDArray[np.bool_],
    composition: str,
    rule: TrainingRule,
    *,
    draw: np.random.Generator,
) -> Batches:
    """Draw all batches of a run: int64 (steps, batch_size), positions into `labels`.

    `balanced`: `samples_per_class` images of each of batch_size / samples_per_class classes.
    `one-per-class`: one image of each of batch_size classes. Classes are drawn without
    replacement in a batch, images without replacement in a class. A training part with fewer
    classes than that has all of them in each batch, with as equal shares as the batch size
    allows. `pairs`: positions 2i and 2i + 1 are of one class for even i and of two for odd i.
    `uniform`: images without replacement in a batch, whatever their class. `clusters` are drawn
    epoch by epoch: here all positions are -1.

    Where labels are unknown, every composition but `uniform` fills the first half of each batch
    from the known ones; the second half is uniform over the others. Raises UserError for a batch
    that has no such halves or pairs.
    """
    shape = _Shape(rule.steps, rule.batch_size, rule.samples_per_class)
    if composition == "clusters":
        return np.full((shape.steps, shape.size), -1, dtype=np.int64)
    if composition == "uniform":
        return _uniform(draw, len(labels), shape)
    if known.all():
        return _composed(draw, labels, composition, shape)
    if shape.size % 2:
        raise UserError(f"batches of {shape.size} cannot be half labelled (allowed: even sizes)")
    half = _Shape(shape.steps, shape.size // 2, shape.per_class)
    have, lack = np.flatnonzero(known), np.flatnonzero(~known)
    labelled = have[_composed(draw, labels[have], composition, half)]
    return np.concatenate([labelled, lack[_uniform(draw, len(lack), half)]], axis=1)


def batch_stream(seed: int, composition: str, fold: int) -> np.random.Generator:
    """The generator of a run's batches: methods of one composition share it."""
    return numpy_stream(seed, "batches", composition, fold)


def draw_cluster_batches(
    assignment: npt.NDArray[np.int64],
    neighbours: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    rule: TrainingRule,
    *,
    steps: int,
    draw: np.random.Generator,
) -> Batches:
    """Draw batches of clusters: int64 (steps, batch_size), positions into `assignment`.

    Of each batch the first cluster is drawn by its weight, the others are its nearest
    neighbours; each gives `samples_per_class` images (Rippel et al., Magnet loss, ICLR 2016).
    Clusters without a sample are passed over. `assignment`: (N,); `neighbours`: (K, M), nearest
    first; `weights`: (K,).
    """
    pools = [np.flatnonzero(assignment == cluster) for cluster in range(len(weights))]
    chances = np.where([len(pool) > 0 for pool in pools], weights, 0.0)
    if not (np.isfinite(chances).all() and (chances >= 0).all() and chances.sum() > 0):
        raise ValueError("cluster weights must be finite and not negative, one of them positive")
    batches = np.empty((steps, rule.batch_size), dtype=np.int64)
    for batch in batches:
        first = draw.choice(len(pools), p=chances / chances.sum())
        others = [other for other in neighbours[first] if other != first and len(pools[other])]
        chosen = [first, *others][: rule.batch_size // rule.samples_per_class]
        _fill(batch, [pools[cluster] for cluster in chosen], draw)
    return batches


def batches_digest(batches: Batches) -> str:
    """sha256 over the whole sequence, first 16 hexadecimal digits."""
    return hashlib.sha256(batches.astype("<i8").tobytes()).hexdigest()[:16]


def _uniform(draw: np.random.Generator, count: int, shape: _Shape) -> Batches:
    replace = count < shape.size
    picks = [draw.choice(count, shape.size, replace=replace) for _ in range(shape.steps)]
    return np.stack(picks).astype(np.int64)


def _composed(
    draw: np.random.Generator, labels: npt.NDArray[np.int64], composition: str, shape: _Shape
) -> Batches:
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if composition == "pairs":
        return _pairs(draw, members, shape)
    per_class = shape.per_class if composition == "balanced" else 1
    ways = max(1, min(len(members), shape.size // per_class))
    batches = np.empty((shape.steps, shape.size), dtype=np.int64)
    for batch in batches:
        chosen = draw.permutation(len(members))[:ways]
        _fill(batch, [members[index] for index in chosen], draw)
    return batches


def _fill(
    batch: npt.NDArray[np.int64],
    pools: Sequence[npt.NDArray[np.int64]],
    draw: np.random.Generator,
) -> None:
    """Fill one batch with as equal shares of the pools as its size allows, pool after pool."""
    share, extra = divmod(len(batch), len(pools))
    filled = 0
    for place, pool in enumerate(pools):
        size = share + (place < extra)
        batch[filled : filled + size] = draw.choice(pool, size, replace=len(pool) < size)
        filled += size


def _pairs(
    draw: np.random.Generator, members: Sequence[npt.NDArray[np.int64]], shape: _Shape
) -> Batches:
    if shape.size % 2 or len(members) < 2:
        raise UserError(
            f"pairs need an even batch size and two classes, not {shape.size} and {len(members)}"
        )
    batches = np.empty((shape.steps, shape.size), dtype=np.int64)
    for batch in batches:
        batch[:] = list(_drawn_pairs(draw, members, shape.size // 2))
    return batches


def _drawn_pairs(
    draw: np.random.Generator, members: Sequence[npt.NDArray[np.int64]], count: int
) -> Iterable[np.int64]:
    for index in range(count):
        if index % 2 == 0:
            pool = members[int(draw.integers(len(members)))]
            yield from draw.choice(pool, 2, replace=len(pool) < 2)
        else:
            for chosen in draw.choice(len(members), 2, replace=False).tolist():
                yield draw.choice(members[chosen])
