"""Pairs of IDX files, images and labels, as one dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, TRAIN, Dataset
from harness.data.formats.idx import read_idx
from harness.data.sources import PublishedDataset
from harness.errors import UserError


def read_pairs(
    entry: PublishedDataset, pairs: Sequence[tuple[Path, Path]], class_names: tuple[str, ...]
) -> Dataset:
    """Read the training pair and the test pair of files (images, labels), in that order."""
    read = [_pair(images, labels) for images, labels in pairs]
    return Dataset(
        name=entry.name,
        inputs=np.concatenate([images for images, _ in read])[:, np.newaxis],
        labels=np.concatenate([labels for _, labels in read]).astype(np.int64),
        class_names=class_names,
        source=entry.source,
        licence=entry.licence,
        parts=np.repeat(
            np.array([TRAIN, TEST], dtype=np.int8), [len(labels) for _, labels in read]
        ),
    )


def _pair(images: Path, labels: Path) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    inputs, codes = read_idx(images), read_idx(labels)
    if inputs.ndim != 3 or codes.shape != inputs.shape[:1]:
        raise UserError(
            f"{images}: images of shape {inputs.shape} do not go with labels of shape {codes.shape}"
        )
    return inputs, codes
