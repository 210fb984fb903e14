"""`Part`: some samples of a dataset as tensors, from which batches are indexed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from harness.data.augmentation import WHOLE, Window
from harness.data.dataset import Dataset, MappedArray, require_open
from harness.data.splits import Positions, Split, label_sets_of
from harness.protocol.rules import LabelSetsRule


class LazyInputs:
    """What a part needs of a tensor of inputs (N, ...), read from a mapped array by the batch."""

    def __init__(self, array: MappedArray, positions: Positions, device: torch.device) -> None:
        self._array = array
        self._positions = positions
        self.device = device
        self.shape = torch.Size((len(positions), *array.shape[1:]))

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """Read samples by their positions in the part, in that order, to the part's device."""
        wanted = chosen if isinstance(chosen, slice) else chosen.cpu().numpy()
        rows = self._array.take_rows(self._positions[wanted])
        return torch.from_numpy(rows).to(self.device, non_blocking=True)


# Pixels summed at a time, of every channel.
_CHUNK_VALUES = 1 << 20


@dataclass(frozen=True, eq=False)
class Standardisation:
    """Mean and standard deviation of the training part: per channel, or per feature; float32.

    `window`: what is cut from images before; `reverse_channels`: whether a trunk wants blue first,
    which `mean` and `std` then are as well.
    """

    mean: Tensor
    std: Tensor
    window: Window = WHOLE
    reverse_channels: bool = False

    def __call__(self, inputs: Tensor) -> Tensor:
        """Turn raw inputs into float32 of about zero mean and unit variance."""
        inputs = self.window(inputs)
        if self.reverse_channels:
            inputs = inputs.flip(1)
        return (inputs - self.mean) / self.std

    def through(self, window: Window) -> Standardisation:
        """The same numbers for what another window shows."""
        return replace(self, window=window)

    def to(self, device: torch.device) -> Standardisation:
        """The same numbers on another device."""
        return replace(self, mean=self.mean.to(device), std=self.std.to(device))


def standardisation_of(inputs: np.ndarray, positions: Positions) -> Standardisation:
    """Measure a training part: uint8 (N, C, H, W) by channel, float32 (N, D) by feature.

    Images are summed in whole numbers, which is exact and reads a few at a time; vectors are
    computed in float64. A constant channel or feature keeps a standard deviation of one.
    """
    mean, std = (
        _of_images(inputs, positions) if inputs.ndim == 4 else _of_vectors(inputs, positions)
    )
    std[std == 0] = 1.0
    return Standardisation(
        torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(std.astype(np.float32))
    )


def _of_images(inputs: np.ndarray, positions: Positions) -> tuple[np.ndarray, np.ndarray]:
    channels = inputs.shape[1]
    sums, squares = np.zeros(channels, dtype=np.int64), np.zeros(channels, dtype=np.int64)
    chunk = max(1, _CHUNK_VALUES // inputs[0].size)
    for start in range(0, len(positions), chunk):
        images = inputs[positions[start : start + chunk]].astype(np.uint32)
        rows = images.reshape(-1, images.shape[3])
        sums += images.sum(axis=(0, 2, 3), dtype=np.int64)
        # A row's squares fit 32 bits up to 66,000 pixels.
        of_rows = np.einsum("rw,rw->r", rows, rows).reshape(images.shape[:3])
        squares += of_rows.sum(axis=(0, 2), dtype=np.int64)
    count = len(positions) * inputs[0, 0].size
    # Python's whole numbers have no largest.
    spread = [count * int(q) - int(s) ** 2 for s, q in zip(sums, squares, strict=True)]
    mean = sums / count
    std = np.sqrt([value / count**2 for value in spread])
    return mean.reshape(-1, 1, 1), std.reshape(-1, 1, 1)


def _of_vectors(inputs: np.ndarray, positions: Positions) -> tuple[np.ndarray, np.ndarray]:
    vectors = inputs[positions]
    mean = vectors.mean(axis=0, dtype=np.float64, keepdims=True)[0]
    return mean, vectors.std(axis=0, dtype=np.float64, keepdims=True)[0]


def _as_they_are(like: Standardisation) -> Standardisation:
    """A standardisation that changes nothing."""
    return replace(like, mean=torch.zeros_like(like.mean), std=torch.ones_like(like.std))


@dataclass(frozen=True, eq=False)
class Part:
    """Raw inputs, labels 0..classes-1 in the order of the dataset's classes, and label sets.

    `inputs` are read by the batch where the dataset is larger than memory.
    `codes`: int64 (N,): the dataset's own labels; `positions`: int64 (N,), in the dataset.
    `attributes`: those that the protocol gives as label sets, int64 (N,) each, -1 where unknown.
    `groups`: int64 (N,), codes of what groups classes, if the dataset names it.
    """

    inputs: Tensor | LazyInputs
    labels: Tensor
    known: Tensor
    classes: int
    codes: Tensor
    positions: Positions
    attributes: Mapping[str, Tensor] = field(default_factory=dict)
    groups: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)


class Vault:
    """A dataset and its split; the test part comes out only while the seal is open.

    `standardise` is for validation and testing, `prepare` for training: the same, unless `raw`.
    They are measured on the training part, unless `given`, and look through `window`.
    `label_sets`: the attributes that leave the vault; none without.
    """

    def __init__(  # noqa: PLR0913 - each but the first three is named
        self,
        dataset: Dataset,
        split: Split,
        device: torch.device,
        *,
        raw: bool = False,
        given: Standardisation | None = None,
        window: Window = WHOLE,
        label_sets: LabelSetsRule | None = None,
    ) -> None:
        self._dataset = dataset
        self.label_sets = label_sets_of(dataset, label_sets)
        self._split = split
        self._device = device
        numbers = given or standardisation_of(dataset.inputs, split.train)
        self.standardise = numbers.through(window).to(device)
        self.prepare = _as_they_are(self.standardise) if raw else self.standardise

    @property
    def is_images(self) -> bool:
        """Whether inputs are images rather than feature vectors."""
        return self._dataset.is_images

    def train(self, *, only_known: bool) -> Part:
        """The training part, without the samples of unknown label if `only_known`."""
        split = self._split
        if only_known:
            return self._part(split.train[split.known])
        return self._part(split.train, split.known)

    def validation(self) -> Part:
        """The validation part."""
        return self._part(self._split.validation)

    def test(self) -> Part:
        """The test part; SealedTestSet while an objective is alive."""
        require_open(f"the test part of {self._dataset.name} was")
        return self._part(self._split.test)

    def _part(self, positions: Positions, known: np.ndarray | None = None) -> Part:
        classes, labels = np.unique(self._dataset.labels[positions], return_inverse=True)
        known = np.ones(len(positions), dtype=np.bool_) if known is None else known
        attributes = {
            name: torch.from_numpy(one.codes[positions]).to(self._device)
            for name, one in self.label_sets.items()
        }
        return Part(
            inputs=self._inputs(positions),
            labels=torch.from_numpy(labels.astype(np.int64)).to(self._device),
            known=torch.from_numpy(known).to(self._device),
            classes=len(classes),
            attributes=attributes,
            groups=self._groups(positions),
            codes=torch.from_numpy(self._dataset.labels[positions]).to(self._device),
            positions=positions,
        )

    def _groups(self, positions: Positions) -> Tensor | None:
        if self._dataset.hierarchy is None:
            return None
        values = self._dataset.attributes[self._dataset.hierarchy].values
        return torch.from_numpy(values[positions]).to(self._device)

    def _inputs(self, positions: Positions) -> Tensor | LazyInputs:
        inputs = self._dataset.inputs
        if isinstance(inputs, MappedArray):
            return LazyInputs(inputs, positions, self._device)
        return torch.from_numpy(inputs[positions]).to(self._device)
