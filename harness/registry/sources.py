"""Which code a plugin is: its files and those it imports, found and digested without running them.

The files are those of the plugin's own package, data too, and of every module that it imports from
outside installed distributions; of these count name and version. What a module imports is read
from its import statements, wherever they stand, so that one inside a function counts as well.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    """A package's folder, or a module's file, and the dotted name that it is imported by."""

    name: str
    path: Path


@dataclass(frozen=True)
class SourceFile:
    """A file that a plugin is made of: where it lies in it, where on the disk, and its content."""

    place: str
    path: str
    sha256: str


def package_root(module: str) -> Path | None:
    """Folder or file of a module's outermost package; None where it is none of a file's.

    A namespace package belongs to several distributions: then it is the first package inside.
    """
    root = find_root(module)
    return None if root is None else root.path


def find_root(module: str, path: Sequence[str] | None = None) -> Root | None:
    """The outermost package of a module, looked up on `path`, or as this process would."""
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
    """Every file of a package, data too, but for what Python compiles and what is hidden."""
    if root is None:
        return ()
    if not root.is_dir():
        return (SourceFile(prefix + root.name, str(root), sha256_of(root)),)
    return tuple(
        SourceFile(prefix + path.relative_to(root).as_posix(), str(path), sha256_of(path))
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not _passed_over(path.relative_to(root))
        and not path.is_relative_to(_CARRIED)
    )


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
    if _is_installed(file) or file.is_relative_to(CORE):
        return False
    return not any(file.is_relative_to(place) for place in _python_places())


def _is_installed(file: Path) -> bool:
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


@dataclass(frozen=True)
class Closure:
    """What a module imports, directly or not: files, and installed distributions with versions."""

    files: tuple[SourceFile, ...]
    libraries: tuple[str, ...]


@dataclass
class Imports:
    """Follows import statements from the files of a plugin.

    `path`: where modules are looked up. `own`: its distribution, whose other packages are files of
    the plugin too. `known`: contents of files as they were before they ran.
    """

    root: Root
    path: Sequence[str] | None = None
    own: str = ""
    known: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._roots = {self.root.name: self.root}
        self._parsed: dict[Path, frozenset[str]] = {}
        self._libraries: dict[str, str] = {}
        self._installed = Installed(self.path)

    def of_all(self) -> Closure:
        """What the whole plugin is and imports."""
        return self._follow(_modules(self.root))

    def of(self, modules: Iterable[str]) -> Closure:
        """What these modules, some of them the plugin's, import; of no module, what all of it does.

        A package that a module lies in is not looked at: it imports what all its modules need.
        """
        libraries = set[str]()
        mine = [name for name in modules if self._resolve(name, libraries) == self.root]
        if not mine:
            return self.of_all()
        found = self._follow([file for name in mine if (file := self._file(name)) is not None])
        return Closure(found.files, tuple(sorted(libraries | set(found.libraries))))

    def _follow(self, start: Iterable[Path]) -> Closure:
        todo, seen, libraries = list(start), set[Path](), set[str]()
        helpers: dict[str, Root] = {}
        while todo:
            file = todo.pop()
            if file in seen:
                continue
            seen.add(file)
            for name in self._imported(file):
                root = self._resolve(name, libraries)
                if root is None:
                    continue
                if root != self.root and root.name not in helpers:
                    helpers[root.name] = root
                    todo += _modules(root)
                file_of_it = self._file(name)
                todo += [] if file_of_it is None else [file_of_it]
        files = [file for root in helpers.values() for file in self._contents(root)]
        return Closure(tuple(files), tuple(sorted(libraries)))

    def _contents(self, root: Root) -> Iterator[SourceFile]:
        prefix = f"{root.name}/" if root.path.is_dir() else ""
        for file in files_of(root.path, prefix):
            yield SourceFile(file.place, file.path, self.known.get(file.path, file.sha256))

    def _resolve(self, name: str, libraries: set[str]) -> Root | None:
        """The root that a module lies in, if it is a plugin's; what is installed is noted."""
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top == "harness":
            return None
        for root in self._roots.values():
            if name == root.name or name.startswith(f"{root.name}."):
                return root
        if top not in self._libraries:
            found = find_root(name, self.path)
            if found is not None and self._is_code_of_the_plugin(found):
                self._roots[found.name] = found
                return found
            self._libraries[top] = "" if found is None else self._version_of(top)
        if self._libraries[top]:
            libraries.add(self._libraries[top])
        return None

    def _is_code_of_the_plugin(self, root: Root) -> bool:
        if is_foreign(root.path):
            return True
        if not _is_installed(root.path):
            return False
        owner = self._installed.owner(root.name.partition(".")[0])
        return owner is None or _same(owner.name, self.own)

    def _version_of(self, top: str) -> str:
        """Name and version of a module's distribution; nothing for what is always there."""
        owner = None if top in ALWAYS_THERE else self._installed.owner(top)
        return "" if owner is None else f"{normalized(owner.name)} {owner.version}"

    def _file(self, module: str) -> Path | None:
        """The file of a module of a known root, or of the module that a name is looked up in."""
        for root in self._roots.values():
            if module == root.name:
                return root.path / "__init__.py" if root.path.is_dir() else root.path
            if module.startswith(f"{root.name}."):
                return _inside(root, module.removeprefix(f"{root.name}.").split("."))
        return None

    def _imported(self, file: Path) -> frozenset[str]:
        if file not in self._parsed:
            self._parsed[file] = frozenset(_imports_of(file, self._dotted(file)))
        return self._parsed[file]

    def _dotted(self, file: Path) -> list[str]:
        """The package that a file's relative imports start from."""
        for root in self._roots.values():
            if root.path.is_dir() and file.is_relative_to(root.path):
                return [*root.name.split("."), *file.relative_to(root.path).parts[:-1]]
        return []


def _inside(root: Root, parts: list[str]) -> Path | None:
    if not root.path.is_dir():
        return root.path
    for count in range(len(parts), -1, -1):
        place = root.path.joinpath(*parts[:count])
        for file in (place.parent / f"{place.name}.py", place / "__init__.py"):
            if file.is_file() and (count or file.name == "__init__.py"):
                return file
    return None


def _modules(root: Root) -> list[Path]:
    return sorted(root.path.rglob("*.py")) if root.path.is_dir() else [root.path]


def _imports_of(file: Path, package: Sequence[str]) -> Iterator[str]:
    """Dotted names in the import statements of a file, relative ones made absolute."""
    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = list(package[: len(package) - node.level + 1]) if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and _imports_by_name(node.func):
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value.lstrip(".")


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement but those for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from _running(child)


def _imports_by_name(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")


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
    first = {file.parts[0] for file in distribution.files or ()}
    return {name.removesuffix(".py") for name in first if "-" not in name}


def _same(one: str, other: str) -> bool:
    return normalized(one) == normalized(other)


def normalized(distribution: str) -> str:
    """A distribution's name, however it is written."""
    return distribution.lower().replace("_", "-").replace(".", "-")


def defining_modules(function: object) -> frozenset[str]:
    """The modules whose code a builder is: its own, and those of the functions that it holds.

    The core's own are left out: a builder that the core made holds the plugin's.
    """
    found: set[str] = set()
    _visit(function, found, set(), lambda module: not module.startswith("harness."))
    return frozenset(found)


def _visit(thing: object, found: set[str], seen: set[int], counts: Callable[[str], bool]) -> None:
    if id(thing) in seen or not callable(thing):
        return
    seen.add(id(thing))
    function = getattr(thing, "__func__", thing)
    module = getattr(function, "__module__", None) or type(thing).__module__
    if isinstance(module, str) and counts(f"{module}."):
        found.add(module)
    parts: list[object] = [getattr(function, "func", None)]
    parts += [_content(cell) for cell in getattr(function, "__closure__", None) or ()]
    parts += getattr(function, "__defaults__", None) or ()
    parts.append(getattr(function, "__wrapped__", None))
    for part in parts:
        _visit(part, found, seen, counts)


def _content(cell: object) -> object:
    try:
        return getattr(cell, "cell_contents", None)
    except ValueError:
        return None
