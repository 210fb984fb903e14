"""`Entry`: a published dataset, as the table of its files and the reader that makes it whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.data.dataset import Dataset

Files = Mapping[str, Path]
"""The files of a dataset by the name that its table gives them."""


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file of a dataset as it is published.

    `md5`: as its publisher or the libraries that load it give it; empty where none is known.
    `content_sha256`: of what a .gz file holds, for copies that were compressed anew.
    `url`: where it can be fetched; empty where the link is dead or the licence asks a person.
    `folder_of`: a file that an unpacked copy of this archive holds; empty for no archive.
    `pattern`: of file names, where what is published has many; the largest is taken: an archive's
    index, not that of its updates.
    """

    name: str
    md5: str = ""
    content_sha256: str = ""
    url: str = ""
    folder_of: str = ""
    pattern: str = ""

    def place_in(self, folder: Path) -> Path | None:
        """Where a folder holds it, under whichever of its names; None if it does not."""
        for name in (*self.names, self.folder_name):
            if (folder / name).exists():
                return folder / name
        matching = sorted(folder.glob(self.pattern)) if self.pattern else []
        return max(matching, key=lambda path: path.stat().st_size, default=None)

    def is_named(self, name: str) -> bool:
        """Whether a file of that name can be it."""
        return name in self.names or (bool(self.pattern) and fnmatch(name, self.pattern))

    @property
    def names(self) -> tuple[str, ...]:
        """The file's name, and those it goes by once it is unpacked; archives stay packed."""
        plain = self.name.removesuffix(".gz") if not self.folder_of else self.name
        return tuple(dict.fromkeys((self.name, plain.removesuffix(".tar"))))

    @property
    def folder_name(self) -> str:
        """Under which name an unpacked copy is linked."""
        return f"{self.name}.folder"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A dataset by name.

    `family`: the folder of its files; entries of one family are made from the same files.
    `other_layouts`: sets of other files that hold the same images; the first set that is complete
    is read.
    `folders`: where a distribution's package puts them. `obtain`: how a person gets them.
    `variant_of`: the entry that this is another size or form of. `digest`: the `Dataset.digest`
    expected, where reading it does not depend on a decoder.
    """

    name: str
    family: str
    summary: str
    source: str
    licence: str
    files: tuple[SourceFile, ...]
    read: Callable[[Entry, Files], Dataset]
    other_layouts: tuple[tuple[SourceFile, ...], ...] = ()
    obtain: str = ""
    folders: tuple[Path, ...] = ()
    variant_of: str = ""
    digest: str = ""

    @property
    def layouts(self) -> tuple[tuple[SourceFile, ...], ...]:
        """Every set of files that makes the dataset, `files` first."""
        return (self.files, *self.other_layouts)

    @property
    def every_file(self) -> tuple[SourceFile, ...]:
        """The files of every layout."""
        return tuple(file for layout in self.layouts for file in layout)
