"""Taking the files of a dataset that a person has."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.data.home import sources_folder
from harness.data.sources.checking import Verdict, check_file
from harness.data.sources.entry import Entry, SourceFile
from harness.errors import UserError


@dataclass(frozen=True)
class Added:
    """A file that was taken: which of the dataset's it is, where it lies, and what it proved."""

    file: SourceFile
    path: Path
    verdict: Verdict


def add_files(entry: Entry, paths: Sequence[Path], *, link: bool = False) -> list[Added]:
    """Verify files and take them, all or none of them.

    A file is known by its name, with or without .gz; a folder by what the unpacked archive holds.
    Files are copied, or linked if `link`; folders are always linked. Raises UserError for a file
    that is none of the dataset's, or differs from what was published.
    """
    chosen = [(_which(entry, path), path) for path in paths]
    twice = {file.name for file, _ in chosen}
    if len(twice) < len(chosen):
        raise UserError(f"two of these files are the same one of dataset '{entry.name}'")
    checked = [(file, path, check_file(file, path)) for file, path in chosen]
    folder = sources_folder(entry.family)
    return [
        Added(file, _take(path, folder / _kept_name(file, path), link=link), verdict)
        for file, path, verdict in checked
    ]


def _which(entry: Entry, path: Path) -> SourceFile:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    for file in entry.every_file:
        if path.is_file() and path.name in file.names:
            return file
        if path.is_dir() and file.folder_of and _holds(path, file.folder_of):
            return file
    names = ", ".join(file.name for file in entry.every_file)
    raise UserError(f"{path}: is no file of dataset '{entry.name}' (its files: {names})")


def _holds(folder: Path, name: str) -> bool:
    """Whether a folder, or one right below it, holds what the unpacked archive does."""
    return (folder / name).exists() or any(folder.glob(f"*/{name}"))


def _kept_name(file: SourceFile, path: Path) -> str:
    if path.is_dir():
        return file.folder_name
    return path.name


def _take(path: Path, place: Path, *, link: bool) -> Path:
    """Copy or link a file to its place, so that it is there as a whole or not at all."""
    if place.exists() and place.samefile(path):
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".taking-") as folder:
            taken = Path(folder) / place.name
            if link or path.is_dir():
                taken.symlink_to(path.absolute())
            else:
                shutil.copyfile(path, taken)
            os.replace(taken, place)
    except OSError as error:
        raise UserError(f"{place.parent}: cannot be written ({error.strerror})") from error
    return place
