"""The binary records of CIFAR: label bytes, then a plane each of red, green and blue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, TRAIN, Attribute, Dataset
from harness.data.formats.trees import Tree, open_tree
from harness.data.sources import PublishedDataset
from harness.data.sources.index import member, text_lines
from harness.errors import UserError

_SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32


@dataclass(frozen=True)
class Layout:
    """The files of a version, and the text file of names for each label byte, the class last."""

    train: tuple[str, ...]
    test: str
    names: Mapping[str, str]


TEN = Layout(
    train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    test="test_batch.bin",
    names={"class": "batches.meta.txt"},
)
HUNDRED = Layout(
    train=("train.bin",),
    test="test.bin",
    names={"coarse": "coarse_label_names.txt", "class": "fine_label_names.txt"},
)


def read_records(entry: PublishedDataset, paths: Sequence[Path], layout: Layout) -> Dataset:
    """Read the records of an archive or a folder, the training files first."""
    tree = open_tree(paths)
    files = [member(tree, name) for name in (*layout.train, layout.test)]
    contents = dict(tree.stream(files))
    records = [_records(tree, name, contents[name], len(layout.names)) for name in files]
    rows = np.concatenate(records)
    labels = rows[:, : len(layout.names)].astype(np.int64)
    names = [
        tuple(line.strip() for line in lines) for lines in text_lines(tree, *layout.names.values())
    ]
    tested = len(records[-1])
    return Dataset(
        name=entry.name,
        inputs=rows[:, len(layout.names) :].reshape(-1, *_SHAPE),
        labels=labels[:, -1].copy(),
        class_names=names[-1],
        source=entry.source,
        licence=entry.licence,
        attributes={
            attribute: Attribute(values=labels[:, number].copy(), names=names[number])
            for number, attribute in enumerate(layout.names)
            if attribute != "class"
        },
        hierarchy="coarse" if "coarse" in layout.names else None,
        parts=np.repeat(np.array([TRAIN, TEST], dtype=np.int8), [len(rows) - tested, tested]),
    )


def _records(tree: Tree, name: str, content: bytes, labels: int) -> npt.NDArray[np.uint8]:
    size = labels + _PIXELS
    if not content or len(content) % size:
        raise UserError(f"{tree.where}: {name} is cut off: no whole records of {size} bytes")
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, size)
