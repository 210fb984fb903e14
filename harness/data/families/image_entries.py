"""Entries of datasets of encoded images: each index at each size, from the same files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.data.sources.entry import Entry, Files, SourceFile

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.data.formats.trees import Tree
    from harness.data.sources.index import ImageIndex

LARGE, SMALL = 256, 64


@dataclass(frozen=True)
class Variant:
    """One way to read the images of a family: what it adds to the name, and its index.

    `function`: of the family's module, from a `Tree` to an `ImageIndex`; imported when needed.
    """

    ending: str
    function: str
    summary: str


def image_entries(  # noqa: PLR0913 - a row of the table
    name: str,
    module: str,
    *,
    variants: Sequence[Variant],
    files: tuple[SourceFile, ...],
    source: str,
    licence: str,
    obtain: str,
    other_layouts: tuple[tuple[SourceFile, ...], ...] = (),
    sizes: Sequence[int] = (LARGE, SMALL),
) -> tuple[Entry, ...]:
    """List the variants of a family at each size; the first size has no ending of its own."""
    entries = []
    for variant in variants:
        for size in sizes:
            ending = "" if size == sizes[0] else f"-{size}"
            full = f"{name}{variant.ending}{ending}"
            entries.append(
                Entry(
                    name=full,
                    family=name,
                    summary=f"{variant.summary}; {size}x{size}",
                    source=source,
                    licence=licence,
                    files=files,
                    read=partial(_read, module=module, function=variant.function, size=size),
                    other_layouts=other_layouts,
                    obtain=obtain,
                    variant_of="" if full == name else name,
                )
            )
    return tuple(entries)


def _read(entry: Entry, files: Files, *, module: str, function: str, size: int) -> Dataset:
    from importlib import import_module

    from harness.data.decoding import image_dataset

    read_index: Callable[[Tree], ImageIndex] = getattr(import_module(module), function)
    return image_dataset(
        entry.name,
        list(files.values()),
        read_index,
        size=size,
        source=entry.source,
        licence=entry.licence,
    )
