"""Published datasets: what files they are of, where those lie, and whether they are whole."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.data.dataset import Dataset


Files = Mapping[str, Path]
"""The files of a dataset by the name that its table gives them."""


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
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
class PublishedDataset:
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
    files: tuple[PublishedFile, ...]
    read: Callable[[PublishedDataset, Files], Dataset]
    other_layouts: tuple[tuple[PublishedFile, ...], ...] = ()
    obtain: str = ""
    folders: tuple[Path, ...] = ()
    variant_of: str = ""
    digest: str = ""

    @property
    def layouts(self) -> tuple[tuple[PublishedFile, ...], ...]:
        """Every set of files that makes the dataset, `files` first."""
        return (self.files, *self.other_layouts)

    @property
    def every_file(self) -> tuple[PublishedFile, ...]:
        """The files of every layout."""
        return tuple(file for layout in self.layouts for file in layout)


FileState = Literal["as published", "as published, compressed anew", "unpacked", "no digest known"]
_BLOCK = 1 << 20


def check_file(file: PublishedFile, path: Path) -> FileState:
    """Compare a file with its digests; UserError where it has some and fits none.

    A folder (an unpacked archive) has no digest; the reader finds what it lacks.
    """
    if path.is_dir():
        return "unpacked"
    if file.md5 and _digest(path, hashlib.md5) == file.md5:
        return "as published"
    if file.content_sha256 and _content_digest(path) == file.content_sha256:
        return "as published, compressed anew"
    plain = path.suffix != ".gz" and file.name.endswith(".gz")
    if not (file.md5 or file.content_sha256) or (plain and not file.content_sha256):
        return "no digest known"
    raise UserError(
        f"{path}: is not {file.name} as published ({_size(path)} bytes, digest differs): "
        "half a download, or another version"
    )


def _size(path: Path) -> str:
    return f"{path.stat().st_size:,}"


def _digest(path: Path, kind: Callable[..., hashlib._Hash]) -> str:
    try:
        with path.open("rb") as file:
            return _of(file, kind)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _content_digest(path: Path) -> str | None:
    if path.suffix != ".gz":
        return _digest(path, hashlib.sha256)
    try:
        with gzip.open(path, "rb") as file:
            return _of(file, hashlib.sha256)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None


def _of(file: IO[bytes] | gzip.GzipFile, kind: Callable[..., hashlib._Hash]) -> str:
    digest = kind(usedforsecurity=False)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def find(entry: PublishedDataset) -> tuple[dict[str, Path], list[PublishedFile]]:
    """Return the files that are at hand, by name, and those that are missing.

    They are of the layout that is complete; where none is, of the first that anything is there of.
    """
    found = [_of_layout(entry, layout) for layout in entry.layouts]
    complete = [one for one in found if not one[1]]
    begun = [one for one in found if one[0]]
    return (complete or begun or found)[0]


def _of_layout(
    entry: PublishedDataset, layout: tuple[PublishedFile, ...]
) -> tuple[dict[str, Path], list[PublishedFile]]:
    at_hand: dict[str, Path] = {}
    missing = []
    for file in layout:
        place = _place(entry, file)
        if place is None:
            missing.append(file)
        else:
            at_hand[file.name] = place
    return at_hand, missing


def require_files(entry: PublishedDataset) -> Files:
    """Return every file of a dataset; UserError that says how to get what is missing."""
    at_hand, missing = find(entry)
    if missing:
        raise UserError(f"dataset '{entry.name}' is not at hand: {how_to_get(entry, missing)}")
    return at_hand


def how_to_get(entry: PublishedDataset, missing: list[PublishedFile]) -> str:
    """Name the missing files and the ways to get them, in one line."""
    names = ", ".join(file.name for file in missing)
    ways = []
    if all(file.url for file in missing):
        ways.append(f"`bench data add {entry.name}` downloads")
    else:
        ways.append(f"`bench data add {entry.name} FILE...` takes the files you have")
    if entry.obtain:
        ways.append(entry.obtain)
    return f"{names} missing; {'; '.join(ways)}"


def _place(entry: PublishedDataset, file: PublishedFile) -> Path | None:
    from harness.data.home import sources_folder

    for folder in (sources_folder(entry.family), *entry.folders):
        place = file.place_in(folder)
        if place is not None:
            return place
    return None
