"""Every published dataset that the core knows, by name; a table of files for each family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.families import array_sets, image_sets
from harness.data.sources import Files, PublishedDataset, PublishedFile, check_file, require_files
from harness.errors import UserError, unknown
from harness.hookspecs import DatasetSource

if TYPE_CHECKING:
    from harness.data.dataset import Dataset


def _read_packages(entry: PublishedDataset, files: Files, **chosen: Any) -> Dataset:
    from harness.data.families.debian import read_packages

    return read_packages(entry, files, **chosen)


def _packages(name: str, kinds: str, *, variant_of: str = "", **chosen: Any) -> PublishedDataset:
    return PublishedDataset(
        name=name,
        family="debian",
        summary=f"descriptions of Debian's packages {kinds}, as features of all-MiniLM-L6-v2",
        source="https://www.debian.org/distrib/packages and https://debtags.debian.org",
        licence="package descriptions: those of the packages; debtags: public domain",
        files=(PublishedFile(name="Packages", pattern="*main_binary-*_Packages*"),),
        read=partial(_read_packages, **chosen),
        folders=(Path("/var/lib/apt/lists"),),
        obtain="on Debian `apt-get update` brings it; elsewhere give a Packages file",
        variant_of=variant_of,
    )


_DEBIAN = (
    _packages("debian-packages", "by section", label="section", few=None),
    _packages(
        *("debian-packages-small", "by section, at most a hundred of each"),
        label="section",
        few=(20, 100),
        variant_of="debian-packages",
    ),
    _packages(
        *("debian-sources", "by source package, six to eight of each"), label="source", few=(6, 8)
    ),
)


@cache
def catalogue() -> Mapping[str, PublishedDataset]:
    """Return every entry by its name, one family after the other."""
    return {
        entry.name: entry
        for family in (
            array_sets.ENTRIES,
            image_sets.ENTRIES,
            _DEBIAN,
            tuple(array_sets.medmnist_entries()),
        )
        for entry in family
    }


def entry_of(name: str) -> PublishedDataset:
    """Look an entry up; UserError with the nearest name if there is none."""
    entries = catalogue()
    if name not in entries:
        raise unknown("published dataset", name, entries)
    return entries[name]


def dataset_sources() -> Iterator[DatasetSource]:
    """Offer every entry as a plugin offers datasets; nothing is read before one is loaded."""
    for entry in catalogue().values():
        yield DatasetSource(name=entry.name, load=partial(load_entry, entry), summary=entry.summary)


def load_entry(entry: PublishedDataset) -> Dataset:
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


def verdicts(entry: PublishedDataset) -> dict[str, str]:
    """Check every file of a dataset: what each is, by name; UserError for one that is not."""
    files = {file.name: file for file in entry.every_file}
    return {name: check_file(files[name], path) for name, path in require_files(entry).items()}
