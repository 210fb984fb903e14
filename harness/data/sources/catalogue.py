"""Every published dataset that the core knows, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

from harness.data.families import array_sets, debian, image_sets, medmnist
from harness.data.sources.entry import Entry, check_file, require_files
from harness.errors import UserError, unknown
from harness.extension import DatasetSource

if TYPE_CHECKING:
    from harness.data.dataset import Dataset


@cache
def catalogue() -> Mapping[str, Entry]:
    """Return every entry by its name, one family after the other."""
    return {
        entry.name: entry
        for family in (
            array_sets.ENTRIES,
            image_sets.ENTRIES,
            debian.ENTRIES,
            tuple(medmnist.medmnist_entries()),
        )
        for entry in family
    }


def entry_of(name: str) -> Entry:
    """Look an entry up; UserError with the nearest name if there is none."""
    entries = catalogue()
    if name not in entries:
        raise unknown("published dataset", name, entries)
    return entries[name]


def dataset_sources() -> Iterator[DatasetSource]:
    """Offer every entry as a plugin offers datasets; nothing is read before one is loaded."""
    for entry in catalogue().values():
        yield DatasetSource(name=entry.name, load=partial(load_entry, entry), summary=entry.summary)


def load_entry(entry: Entry) -> Dataset:
    """Read a published dataset from its files.

    UserError where files are missing, or what they hold lacks classes or has another digest than
    expected.
    """
    import numpy as np

    dataset = entry.read(entry, require_files(entry))
    counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        raise UserError(
            f"dataset '{entry.name}': {len(empty)} of {len(counts)} classes have no samples "
            f"(the first: {dataset.class_names[empty[0]]})"
        )
    if entry.digest and dataset.digest != entry.digest:
        raise UserError(
            f"dataset '{entry.name}': is not the one that was published (digest "
            f"{dataset.digest[:12]}..., expected {entry.digest[:12]}...); "
            f"`bench data verify {entry.name}` looks at each file"
        )
    return dataset


def verdicts(entry: Entry) -> dict[str, str]:
    """Check every file of a dataset: what each is, by name; UserError for one that is not."""
    files = {file.name: file for file in entry.every_file}
    return {name: check_file(files[name], path) for name, path in require_files(entry).items()}
