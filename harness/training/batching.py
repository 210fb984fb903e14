"""Drawing the positions of batches, and making batches of them: augmented and standardised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from harness.data import numpy_stream, torch_stream
from harness.data.augmentation import WHOLE, augment, draw_changes
from harness.data.parts import Part, Standardisation
from harness.errors import UserError
from harness.method import Method
from harness.method.objective import Batch, Clusters
from harness.protocol.model import TrainingRule
from harness.training import BadLoss, Task
from harness.training.embedding import Counts

Batches = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _BatchShape:
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
    shape = _BatchShape(rule.steps, rule.batch_size, rule.samples_per_class)
    if composition == "clusters":
        return np.full((shape.steps, shape.size), -1, dtype=np.int64)
    if composition == "uniform":
        return _uniform(draw, len(labels), shape)
    if known.all():
        return _composed(draw, labels, composition, shape)
    if shape.size % 2:
        raise UserError(f"batches of {shape.size} cannot be half labelled (allowed: even sizes)")
    half = _BatchShape(shape.steps, shape.size // 2, shape.per_class)
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


def _uniform(draw: np.random.Generator, count: int, shape: _BatchShape) -> Batches:
    replace = count < shape.size
    picks = [draw.choice(count, shape.size, replace=replace) for _ in range(shape.steps)]
    return np.stack(picks).astype(np.int64)


def _composed(
    draw: np.random.Generator, labels: npt.NDArray[np.int64], composition: str, shape: _BatchShape
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
    draw: np.random.Generator, members: Sequence[npt.NDArray[np.int64]], shape: _BatchShape
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


class TrainingView:
    """The training part as an Objective sees it, labels withheld as the method declared."""

    def __init__(
        self, part: Part, standardise: Standardisation, method: Method, counts: Counts
    ) -> None:
        self._part = part
        self._standardise = standardise
        self._labels = visible_labels(part, method)
        self._counts = counts
        self._attributes = visible_attributes(part, method)

    def __len__(self) -> int:
        return len(self._part)

    @property
    def labels(self) -> Tensor | None:
        """Int64 (N,); -1 where unknown; None for a method that declared none."""
        return self._labels

    @property
    def attributes(self) -> Mapping[str, Tensor]:
        """Int64 codes, (N,) each, -1 where unknown; none for a method that did not ask for any."""
        return self._attributes

    def inputs(self, indices: Tensor) -> Tensor:
        """Standardised inputs without augmentation, float32, at the given positions."""
        chosen = self._part.inputs[indices]
        self._counts.images_read += len(chosen)
        return self._standardise(chosen)


def visible_labels(part: Part, method: Method) -> Tensor | None:
    """The labels a method may see: all, -1 where unknown, or None at all."""
    if method.labels == "none":
        return None
    return torch.where(part.known, part.labels, -1)


def visible_attributes(part: Part, method: Method) -> Mapping[str, Tensor]:
    """The label sets beside the class, for a method that declared that it learns from them."""
    return part.attributes if method.label_sets == "attributes" else {}


class BatchSource:
    """Batches by step: the drawn positions, and augmentation from streams of their own."""

    def __init__(
        self, task: Task, part: Part, batches: Batches, standardise: Standardisation
    ) -> None:
        self._part = part
        self._batches = batches
        self._positions = torch.from_numpy(batches).to(part.inputs.device)
        self._graded = task.method.relevance == "graded"
        self._attributes = visible_attributes(part, task.method)
        self._labels = visible_labels(part, task.method)
        # Augmentation cuts images itself.
        self._standardise = standardise.through(WHOLE)
        self._rules = task.protocol
        self._training = task.training
        self._cluster_draw = batch_stream(task.seed, "clusters", task.fold)
        self._draws = [
            torch_stream(task.seed, "augmentation", task.fold, view)
            for view in range(task.method.views)
        ]

    @property
    def digest(self) -> str:
        """Digest of the whole sequence of positions as it stands."""
        return batches_digest(self._batches)

    def redraw(self, step: int, clusters: Clusters) -> None:
        """Draw the batches of one epoch, from this step on, from a method's clusters."""
        rule = self._training
        _require_sound(clusters, len(self._part))
        batches = draw_cluster_batches(
            clusters.assignment.cpu().numpy(),
            clusters.neighbours.cpu().numpy(),
            clusters.weights.double().cpu().numpy(),
            rule,
            steps=min(rule.steps_per_epoch, rule.steps - step),
            draw=self._cluster_draw,
        )
        end = step + len(batches)
        self._batches[step:end] = batches
        self._positions[step:end] = torch.from_numpy(batches).to(self._positions.device)

    def __call__(self, step: int) -> Batch:
        """Make the batch of one step; steps must be asked for in order, each once."""
        positions = self._positions[step]
        raw = self._part.inputs[positions].float()
        views = [self._view(raw, draws) for draws in self._draws]
        return Batch(
            inputs=views[0],
            labels=None if self._labels is None else self._labels[positions],
            known=self._part.known[positions],
            indices=positions,
            step=step,
            second=views[1] if len(views) > 1 else None,
            relevance=self._relevance(positions) if self._graded else None,
            attributes={name: codes[positions] for name, codes in self._attributes.items()},
        )

    def _relevance(self, positions: Tensor) -> Tensor:
        labels, groups = self._part.labels[positions], self._part.groups
        assert groups is not None, "runs of graded methods are skipped where no groups are named"
        same_group = groups[positions, None] == groups[positions]
        return torch.where(labels[:, None] == labels, 1.0, 0.5 * same_group)

    def _view(self, raw: Tensor, draws: torch.Generator) -> Tensor:
        if raw.ndim != 4:
            return self._standardise(raw)
        rule = self._rules.augmentation
        changes = draw_changes(len(raw), draws, rule).to(raw.device)
        return self._standardise(augment(raw, changes, rule))


def _require_sound(clusters: Clusters, samples: int) -> None:
    """Raise BadLoss for clusters that batches cannot be drawn from."""
    count = len(clusters.weights)
    for name, codes in (("assignment", clusters.assignment), ("neighbours", clusters.neighbours)):
        if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < count:
            raise BadLoss(f"clusters: {name} must lie in 0..{count - 1}")
    if tuple(clusters.assignment.shape) != (samples,):
        shape = tuple(clusters.assignment.shape)
        raise BadLoss(f"clusters: assignment has shape {shape}, not ({samples},)")
    if clusters.neighbours.ndim != 2 or len(clusters.neighbours) != count:
        shape = tuple(clusters.neighbours.shape)
        raise BadLoss(f"clusters: neighbours has shape {shape}, not ({count}, M)")
