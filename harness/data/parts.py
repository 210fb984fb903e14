"""`Part`: some samples of a dataset as tensors, from which batches are indexed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from harness.data.dataset import Dataset
from harness.data.seal import require_open
from harness.data.splits import Positions, Split


@dataclass(frozen=True, eq=False)
class Standardisation:
    """Mean and standard deviation of the training part: per channel, or per feature; float32."""

    mean: Tensor
    std: Tensor

    def __call__(self, inputs: Tensor) -> Tensor:
        """Turn raw inputs into float32 of about zero mean and unit variance."""
        return (inputs.float() - self.mean) / self.std

    def to(self, device: torch.device) -> Standardisation:
        """The same numbers on another device."""
        return Standardisation(self.mean.to(device), self.std.to(device))


def standardisation_of(inputs: np.ndarray) -> Standardisation:
    """Measure a training part: uint8 (N, C, H, W) by channel, float32 (N, D) by feature.

    Computed in float64; a constant channel or feature keeps a standard deviation of one.
    """
    axes = (0, 2, 3) if inputs.ndim == 4 else (0,)
    mean = inputs.mean(axis=axes, dtype=np.float64, keepdims=True)[0]
    std = inputs.std(axis=axes, dtype=np.float64, keepdims=True)[0]
    std[std == 0] = 1.0
    return Standardisation(
        torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(std.astype(np.float32))
    )


def _as_they_are(like: Standardisation) -> Standardisation:
    """A standardisation that changes nothing."""
    return Standardisation(torch.zeros_like(like.mean), torch.ones_like(like.std))


@dataclass(frozen=True, eq=False)
class Part:
    """Raw inputs, labels 0..classes-1 in the order of the dataset's classes, and attributes.

    `codes`: int64 (N,): the dataset's own labels; `positions`: int64 (N,), in the dataset.
    `hierarchy`: the attribute that groups classes, if the dataset names one; `groups`: its codes,
    int64 (N,).
    """

    inputs: Tensor
    labels: Tensor
    known: Tensor
    classes: int
    codes: Tensor
    positions: Positions
    attributes: Mapping[str, Tensor] = field(default_factory=dict)
    hierarchy: str | None = None
    groups: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)


class Vault:
    """A dataset and its split; the test part comes out only while the seal is open.

    `standardise` is for validation and testing, `prepare` for training: the same, unless `raw`.
    """

    def __init__(
        self, dataset: Dataset, split: Split, device: torch.device, *, raw: bool = False
    ) -> None:
        self._dataset = dataset
        self._split = split
        self._device = device
        self.standardise = standardisation_of(dataset.inputs[split.train]).to(device)
        self.prepare = _as_they_are(self.standardise) if raw else self.standardise

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
            name: torch.from_numpy(attribute.values[positions]).to(self._device)
            for name, attribute in self._dataset.attributes.items()
        }
        hierarchy = self._dataset.hierarchy
        return Part(
            inputs=torch.from_numpy(self._dataset.inputs[positions]).to(self._device),
            labels=torch.from_numpy(labels.astype(np.int64)).to(self._device),
            known=torch.from_numpy(known).to(self._device),
            classes=len(classes),
            attributes=attributes,
            hierarchy=hierarchy,
            groups=None if hierarchy is None else attributes[hierarchy],
            codes=torch.from_numpy(self._dataset.labels[positions]).to(self._device),
            positions=positions,
        )
