"""Files of plugins: where they lie, what is in them, and which of them are installed, by whom."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

CORE = Path(__file__).parents[1]
_CARRIED = CORE / "_protocols"
"""Protocols in a wheel of the core, no code of it: where it is not a wheel they lie beside it."""
ALWAYS_THERE = frozenset({"torch", "numpy"})
"""What every run computes with, whatever the method: the environment of its Record says which."""

_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class Root:
    """A package's folder, or the file of a module or an archive, and the name it is imported by."""

    name: str
    path: Path


@dataclass(frozen=True)
class SourceFile:
    """A file that a plugin is made of: where it lies in it, where on the disk, and its content."""

    place: str
    path: str
    sha256: str


def find_root(module: str, path: Sequence[str] | None = None) -> Root | None:
    """The outermost package of a module, looked up on `path`, or as this process would.

    A namespace package belongs to several distributions: then it is the first package inside. None
    where it is none of a file's.
    """
    name, *deeper = module.split(".")
    spec = _spec(name, path)
    while spec is not None and spec.origin is None and deeper:
        part = deeper.pop(0)
        name = f"{name}.{part}"
        # By its last name alone: Python looks a namespace's parent up among what is imported.
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations or ()))
    if spec is None or spec.origin is None or not spec.has_location:
        return None
    file = Path(spec.origin)
    archive = next((above for above in file.parents if above.is_file()), None)
    if archive is not None:
        return Root(name, archive)
    return Root(name, file.parent if file.name == "__init__.py" else file)


def _spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    found = None if path is None else PathFinder.find_spec(name, path)
    if found is not None:
        return found
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def source_digest(root: Path | None) -> str:
    """Digest of all files of a package (or of one file) and their places, 12 digits."""
    return digest_of(files_of(root))


def digest_of(files: Iterable[SourceFile]) -> str:
    """sha256 over places and contents, first 12 digits; the order of the files does not matter."""
    digest = hashlib.sha256()
    for place, content in sorted((file.place, file.sha256) for file in files):
        digest.update(f"{place}\0{content}\n".encode())
    return digest.hexdigest()[:12]


def files_of(root: Path | None, prefix: str = "") -> tuple[SourceFile, ...]:
    """Every file of a package, data too, but for what Python compiles and what is hidden.

    Folders that are linked to count as if they lay there.
    """
    if root is None:
        return ()
    if not root.is_dir():
        return (SourceFile(prefix + root.name, str(root), sha256_of(root)),)
    return tuple(
        SourceFile(prefix + path.relative_to(root).as_posix(), str(path), sha256_of(path))
        for path in _below(root, (Path(os.path.realpath(root)),))
        if not _passed_over(path.relative_to(root)) and not path.is_relative_to(_CARRIED)
    )


def _below(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """The files in a folder, at any depth; of `above`, where one stands, no folder again."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif path.is_dir() and not _passed_over(Path(path.name)):
            real = Path(os.path.realpath(path))
            if not above[0].is_relative_to(real) and real not in above:
                yield from _below(path, (*above, real))


def sha256_of(path: Path) -> str:
    """sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _passed_over(place: Path) -> bool:
    return place.suffix == ".pyc" or any(
        part == "__pycache__" or part.startswith(".") for part in place.parts
    )


def is_foreign(path: str | Path) -> bool:
    """Whether a file belongs neither to Python, nor to the core, nor to what is installed."""
    file = Path(path)
    if is_installed(file) or file.is_relative_to(CORE):
        return False
    return not any(file.is_relative_to(place) for place in _python_places())


def is_installed(file: Path) -> bool:
    """Whether a file lies where packages are installed."""
    if _INSTALLED & set(file.parts):
        return True
    return any(file.is_relative_to(place) for place in _targets(tuple(sys.path)))


@lru_cache
def _targets(path: tuple[str, ...]) -> tuple[str, ...]:
    """Folders of the path that packages were installed into under another name than the usual."""
    return tuple(filter(_holds_installed, dict.fromkeys(path)))


def installed_places() -> tuple[str, ...]:
    """Folders of this process's path that packages were installed into."""
    targets = _targets(tuple(sys.path))
    return tuple(one for one in sys.path if _INSTALLED & set(Path(one).parts) or one in targets)


def _holds_installed(entry: str) -> bool:
    """Whether packages were installed into a folder; not where it may not be listed."""
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(entry))
    except OSError:
        return False


@lru_cache
def _python_places() -> tuple[str, ...]:
    """Where the standard library lies. Asked while modules are imported: it imports none."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = os.path.dirname(os.__file__)
    return (own, os.path.join(sys.base_exec_prefix, sys.platlibdir, version))


@dataclass
class Installed:
    """Which distributions bring which modules, by what lies on a path."""

    path: Sequence[str] | None = None

    def owner(self, top: str) -> metadata.Distribution | None:
        """The distribution that brings a top-level module; None where none says so."""
        for likely in self._distributions(name=top.replace("_", "-")):
            if _brings(likely, top):
                return likely
        return self._owners.get(top)

    @cached_property
    def _owners(self) -> Mapping[str, metadata.Distribution]:
        found: dict[str, metadata.Distribution] = {}
        for distribution in self._distributions():
            for top in _modules_of(distribution):
                found.setdefault(top, distribution)
        return found

    def _distributions(self, name: str | None = None) -> Iterable[metadata.Distribution]:
        path = list(sys.path if self.path is None else self.path)
        context = metadata.DistributionFinder.Context(name=name, path=path)
        return metadata.distributions(context=context)


def _brings(distribution: metadata.Distribution, top: str) -> bool:
    return top in _modules_of(distribution)


def _modules_of(distribution: metadata.Distribution) -> set[str]:
    listed = distribution.read_text("top_level.txt")
    if listed:
        return set(listed.split())
    recorded = distribution.read_text("RECORD")
    if recorded is None:
        first = {file.parts[0] for file in distribution.files or ()}
    else:  # read by itself: a path object for each file would take most of the time of a start
        first = {row[0].partition("/")[0] for row in csv.reader(recorded.splitlines()) if row}
    return {name.removesuffix(".py") for name in first if "-" not in name}


def normalized(distribution: str) -> str:
    """A distribution's name, however it is written."""
    return distribution.lower().replace("_", "-").replace(".", "-")
