"""Files by name, whether they lie in a folder, in a .zip, in a .tar, or alone.

Archives are read where they are and never unpacked, so that no name in one can lead astray.
"""

from __future__ import annotations

import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

from harness.errors import UserError, unreadable

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
"""How the names of archives end."""


_SYSTEMS = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"})


class Tree(Protocol):
    """Named files. Names have forward slashes, and are listed in order."""

    where: Path

    @property
    def names(self) -> Sequence[str]:
        """Every file's name."""
        ...

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the named files and what they hold, in whatever order is quick to read."""
        ...


def is_hidden(name: str) -> bool:
    """Whether a path leads through what no person put there, or through what is hidden."""
    steps = [step for step in name.split("/") if step not in (".", "..")]
    return any(step in _SYSTEMS or step.startswith(".") for step in steps)


def walk(where: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder below one but hidden ones, and the files in it; links are followed, once.

    Folders that systems put beside people's own are passed over. A link to a folder that it lies in
    leads round and round: UserError.
    """
    for text, folders, files in os.walk(where, followlinks=True):
        place = Path(text)
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        for name in folders:
            below = place / name
            if below.is_symlink() and place.resolve().is_relative_to(below.resolve()):
                raise UserError(f"{below}: is a link to a folder that it lies in: remove it")
        yield place, files


class Unreadable(UserError):
    """One file of a tree that cannot be read, where the others can."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Folder:
    """A folder and all below it."""

    def __init__(self, where: Path) -> None:
        self.where = where

    @cached_property
    def names(self) -> Sequence[str]:
        """Every file below the folder but hidden ones."""
        found = []
        for place, files in walk(self.where):
            base = place.relative_to(self.where)
            found += [(base / name).as_posix() for name in files if not is_hidden(name)]
        return sorted(found)

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the named files in order."""
        for name in names:
            yield name, _read(self.where / name, name)


# RuntimeError: a member with a password, or packed in a way that is not known here.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)


class Zip:
    """The files of a .zip archive."""

    def __init__(self, where: Path) -> None:
        self.where = where

    @cached_property
    def names(self) -> Sequence[str]:
        """Every file of the archive."""
        return sorted(name for name in self._members.values() if not is_hidden(name))

    @cached_property
    def _members(self) -> dict[zipfile.ZipInfo, str]:
        """What each member is called; backslashes are Windows' where there are no slashes."""
        with self._open() as archive:
            files = [one for one in archive.infolist() if not one.is_dir()]
        windows = not any("/" in one.filename for one in files)
        return {one: one.filename.replace("\\", "/") if windows else one.filename for one in files}

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the named files in order."""
        places = {name: member for member, name in self._members.items()}
        with self._open() as archive:
            for name in names:
                try:
                    content = archive.read(places[name])
                except _DAMAGED as error:
                    said = f"{self.where}: {name} is damaged ({error})"
                    raise Unreadable(name, said) from error
                yield name, content

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.where)
        except (zipfile.BadZipFile, OSError) as error:
            raise unreadable(self.where, "zip", error) from error


class _Strict(tarfile.TarInfo):
    """A member's header; one that is damaged or not there is no end of an archive."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ == "EOFHeaderError":  # typeshed does not know it
                raise
            raise tarfile.ReadError(str(error)) from error


class Tar:
    """The files of a .tar archive, compressed or not: read from front to back."""

    def __init__(self, where: Path) -> None:
        self.where = where

    @cached_property
    def names(self) -> Sequence[str]:
        """Every file of the archive; one pass over it."""
        return sorted(member.name for member, _ in self._members() if not is_hidden(member.name))

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the named files in the order of the archive; one pass, up to the last of them."""
        wanted = set(names)
        for member, archive in self._members():
            if member.name in wanted:
                with self._sound():
                    file = archive.extractfile(member)
                    assert file is not None
                    content = file.read()
                yield member.name, content
                wanted.remove(member.name)
                if not wanted:
                    return

    def _members(self) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
        with self._sound():
            archive = tarfile.open(self.where, "r|*", tarinfo=_Strict)  # noqa: SIM115 - closed below
        with archive:
            while True:
                with self._sound():
                    member = archive.next()
                if member is None:
                    return
                if member.isfile():
                    yield member, archive

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """UserError for an archive that is cut off, damaged or none."""
        try:
            yield
        except (tarfile.TarError, *_DAMAGED, ValueError, struct.error) as error:
            raise unreadable(self.where, "tar", error) from error


class Alone:
    """One file, under its own name."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.names: Sequence[str] = (where.name,)

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the file if it is asked for."""
        for name in names:
            yield name, _read(self.where, name)


class Forest:
    """Several trees as one; a name that two of them hold is the first one's."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self._trees = trees
        self.where = trees[0].where

    @cached_property
    def _owner(self) -> dict[str, int]:
        owner: dict[str, int] = {}
        for index, tree in enumerate(self._trees):
            for name in tree.names:
                owner.setdefault(name, index)
        return owner

    @property
    def names(self) -> Sequence[str]:
        """Every file of every tree."""
        return sorted(self._owner)

    def stream(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the named files, one tree after the other."""
        wanted: dict[int, list[str]] = {}
        for name in names:
            wanted.setdefault(self._owner[name], []).append(name)
        for index, own in sorted(wanted.items()):
            yield from self._trees[index].stream(own)


def open_tree(paths: Sequence[Path]) -> Tree:
    """Open folders, archives and single files together."""
    trees = [_open_one(path) for path in paths]
    return trees[0] if len(trees) == 1 else Forest(trees)


def _open_one(path: Path) -> Tree:
    if path.is_dir():
        return Folder(path)
    name = path.name.lower()
    if name.endswith(".zip"):
        return Zip(path)
    if name.endswith(ARCHIVES):
        return Tar(path)
    return Alone(path)


def _read(path: Path, name: str) -> bytes:
    if path.exists() and not path.is_file():
        raise Unreadable(name, f"{path}: is no file but a pipe or device")
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(name, f"{path}: cannot be read ({error.strerror})") from error
