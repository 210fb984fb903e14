"""Taking the files of a dataset that a person has."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.data.home import sources_folder
from harness.data.sources import FileState, PublishedDataset, PublishedFile, check_file
from harness.errors import UserError


@dataclass(frozen=True)
class TakenFile:
    """A file that was taken: which of the dataset's it is, where it lies, and what it proved."""

    file: PublishedFile
    path: Path
    verdict: FileState


def add_files(
    entry: PublishedDataset, paths: Sequence[Path], *, link: bool = False
) -> list[TakenFile]:
    """Verify files and take them, all or none of them.

    A file is known by its name, with or without .gz; a folder by what the unpacked archive holds.
    Files are copied, or linked if `link`; folders are always linked. Raises UserError for a file
    that is none of the dataset's, or differs from what was published.
    """
    chosen = [(_which(entry, path), path) for path in paths]
    twice = {file.name for file, _ in chosen}
    if len(twice) < len(chosen):
        raise UserError(f"two of these files are the same one of dataset '{entry.name}'")
    folder = sources_folder(entry.family)
    added = [
        TakenFile(file, folder / _kept_name(file, path), check_file(file, path))
        for file, path in chosen
    ]
    wanted = {one.path: path for one, path in zip(added, paths, strict=True)}
    absent = {place: path for place, path in wanted.items() if not _is_there(path, place)}
    _take(folder, absent, link=link)
    return added


def _which(entry: PublishedDataset, path: Path) -> PublishedFile:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    for file in entry.every_file:
        if path.is_file() and file.is_named(path.name):
            return file
        if path.is_dir() and file.folder_of and _holds(path, file.folder_of):
            return file
    names = ", ".join(file.name for file in entry.every_file)
    raise UserError(f"{path}: is no file of dataset '{entry.name}' (its files: {names})")


def _holds(folder: Path, name: str) -> bool:
    """Whether a folder, or one right below it, holds what the unpacked archive does."""
    return (folder / name).exists() or any(folder.glob(f"*/{name}"))


def _kept_name(file: PublishedFile, path: Path) -> str:
    if path.is_dir():
        return file.folder_name
    return path.name


def _is_there(path: Path, place: Path) -> bool:
    return place.exists() and place.samefile(path)


def _take(folder: Path, wanted: Mapping[Path, Path], *, link: bool) -> None:
    """Copy or link to each place in the folder its file: all are there as a whole, or none."""
    if not wanted:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".taking-") as staging:
            staged = {place: Path(staging) / place.name for place in wanted}
            for place, path in wanted.items():
                _stage(path, staged[place], link=link)
            _rename(staged)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror})") from error


def _stage(path: Path, stage: Path, *, link: bool) -> None:
    if link or path.is_dir():
        stage.symlink_to(path.absolute())
    else:
        shutil.copyfile(path, stage)


def _rename(staged: Mapping[Path, Path]) -> None:
    """Bring what is staged to its places, all or none; what stood there before is not removed."""
    new: list[Path] = []
    try:
        for place, stage in staged.items():
            stood = os.path.lexists(place)
            os.replace(stage, place)
            if not stood:
                new.append(place)
    except OSError:
        for place in new:
            place.unlink()
        raise
