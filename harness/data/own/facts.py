"""What a file says of its rows beside the inputs: labels, parts and attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute, Dataset
from harness.data.own.parts import Parts, parts_of
from harness.data.sources.index import coded
from harness.errors import UserError, counted
from harness.reading.labels import settled
from harness.reading.names import SPLITS, listed, named
from harness.reading.options import Reading
from harness.reading.source import Source

LICENCE = "the owner's"


@dataclass(frozen=True, eq=False)
class Facts:
    """What a file says of its rows beside the inputs; `kept`: bool, which rows are samples."""

    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    kept: npt.NDArray[np.bool_]
    parts: Parts | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def left_out(self) -> int:
        """How many rows are no samples."""
        return int((~self.kept).sum())

    def dataset(
        self,
        name: str,
        inputs: npt.NDArray[np.uint8] | npt.NDArray[np.float32],
        *,
        source: str,
        notes: Sequence[str],
        made_from: str = "",
    ) -> Dataset:
        """The rows that are kept as a dataset; `notes` come before what the file says."""
        return Dataset(
            name=name,
            inputs=inputs,
            labels=self.labels,
            class_names=self.class_names,
            source=source,
            licence=LICENCE,
            attributes=self.attributes,
            parts=self.parts,
            notes=tuple(dict.fromkeys((*notes, *self.notes))),
            left_out=self.left_out,
            made_from=made_from,
        )


def facts_of(source: Source, label: str, inputs: Sequence[str], reading: Reading) -> Facts:
    """Labels, parts and attributes of the rows that have a label."""
    labels = settled(source.column(label), f"{source.where}: column {label}", reading)
    kept, notes = labels.kept, [*source.notes, *labels.notes]
    names, codes = np.unique(labels.values, return_inverse=True)
    split = next(iter(named(SPLITS, [name for name in source.names if name != label])), None)
    parts: Parts | None = None
    attributes: dict[str, Attribute] = {}
    if split is not None:
        column = source.column(split)
        if column.missing[kept].any():
            count = int(column.missing[kept].sum())
            raise UserError(
                f"{source.where}: column {split} has no value in {counted(count, 'row')}"
            )
        texts = [str(value) for value in column.values[kept]]
        parts, attributes, said = parts_of(texts, f"{source.where}: column {split}")
        notes += said
    for name in source.names:
        if name in inputs or name in (label, split):
            continue
        found = _attribute(source, name, kept)
        if isinstance(found, Attribute):
            attributes[name] = found
        else:
            notes.append(f"column {listed([name])} is no attribute: {found}")
    return Facts(
        labels=codes.astype(np.int64),
        class_names=tuple(str(name) for name in names),
        kept=kept,
        parts=parts,
        attributes=attributes,
        notes=tuple(notes),
    )


def _attribute(source: Source, name: str, kept: npt.NDArray[np.bool_]) -> Attribute | str:
    """A column as an attribute, or why it is none."""
    kind = source.kind(name)
    if kind not in ("whole", "real", "text"):
        return "it holds no values" if kind == "other" else "it holds a vector or an image a row"
    column = source.column(name)
    if len(column.values) != len(kept):
        return f"it has {len(column.values)} values for {len(kept)} samples"
    values, gaps = column.values[kept], int(column.missing[kept].sum())
    if gaps:
        return f"it has no value in {gaps} rows"
    if name in source.row_names and len(np.unique(values)) == len(values):
        return "it counts the rows"
    if len(np.unique(values)) > len(values) // 2:
        return "hardly a value of it repeats"
    return coded(str(value) for value in values)
