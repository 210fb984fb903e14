"""Which code a plugin is, and what it offers, beside the plugin it came from.

The files are those of the plugin's own package, data too, and of every module that it imports from
outside installed distributions; of these count name and version. What a module imports is read
from its import statements, wherever they stand, so that one inside a function counts as well.
Nothing of it runs.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from harness.method import Method
from harness.registry.files import (
    ALWAYS_THERE,
    Installed,
    Root,
    SourceFile,
    digest_of,
    files_of,
    find_root,
    is_foreign,
    is_installed,
    normalized,
)

T = TypeVar("T")
_BY_NAME = (b"import_module", b"__import__")
"""Functions that import what they are given the name of."""


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
        if not is_installed(root.path):
            return False
        owner = self._installed.owner(root.name.partition(".")[0])
        return owner is None or normalized(owner.name) == normalized(self.own)

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
            self._parsed[file] = _imports_of(file, self._dotted(file))
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


def _imports_of(file: Path, package: Sequence[str]) -> frozenset[str]:
    """Dotted names in the import statements of a file, relative ones made absolute."""
    if file.suffix != ".py":
        return frozenset()
    try:
        return _imports_in(file.read_bytes(), tuple(package))
    except (OSError, SyntaxError, ValueError):
        return frozenset()


@lru_cache(maxsize=4096)
def _imports_in(source: bytes, package: tuple[str, ...]) -> frozenset[str]:
    found = set[str]()
    for node in _running(ast.parse(source), calls=any(name in source for name in _BY_NAME)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            found.update(f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and _imports_by_name(node.func):
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                found.add(name.value.lstrip("."))
    return frozenset(found)


def _running(tree: ast.AST, *, calls: bool) -> Iterator[ast.AST]:
    """Every statement but those for type checkers; with `calls`, every expression too."""
    todo = [tree]
    while todo:
        for child in ast.iter_child_nodes(todo.pop()):
            if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
                continue
            if calls or not isinstance(child, ast.expr):
                yield child
                todo.append(child)


def _imports_by_name(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name.encode() in _BY_NAME


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from: its name, distribution, version, and the code it is.

    `asked_for`: whether it is a file that a person named with `--plugin`. `entry`: its entry point;
    empty for a file. `module`: the name that its root is imported by; empty where imports are not
    followed. `files`: those of its own, and of others that it imported, as they were before they
    ran. `path`: where it looks modules up; it may have put folders of its own there.
    """

    plugin: str
    distribution: str
    version: str
    root: Path | None
    asked_for: bool = False
    entry: str = ""
    module: str = ""
    files: tuple[SourceFile, ...] | None = None
    path: tuple[str, ...] | None = None

    def __getstate__(self) -> dict[str, object]:
        """What crosses to another process: what was found, not what it was found by."""
        found = {**vars(self), "all_files": self.all_files}
        found.pop("imports", None)
        return found

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    @property
    def key(self) -> str:
        """What tells it from every other plugin of a session."""
        return f"{self.distribution}:{self.plugin}"

    @cached_property
    def source(self) -> str:
        """sha256 over the plugin's files and those that it imports, first 12 digits.

        It stands in a run's identity beside the version, so that an edited plugin that kept its
        version number is not mistaken for the one whose results are stored.
        """
        return digest_of(self.all_files)

    @cached_property
    def all_files(self) -> tuple[SourceFile, ...]:
        """Every file that decides what the plugin does, each once."""
        own = files_of(self.root) if self.files is None else self.files
        closure = () if self.imports is None else self._closure.files
        files: dict[str, SourceFile] = {}
        for file in (*own, *closure):
            files.setdefault(file.path, file)
        return tuple(files.values())

    @cached_property
    def imports(self) -> Imports | None:
        """What its import statements lead to; None where they are not followed."""
        if self.root is None or not self.module:
            return None
        known = {file.path: file.sha256 for file in self.files or ()}
        root = Root(self.module, self.root)
        return Imports(root, self.path, own=self.distribution, known=known)

    @cached_property
    def _closure(self) -> Closure:
        assert self.imports is not None
        return self.imports.of_all()

    @property
    def libraries(self) -> tuple[str, ...]:
        """Name and version of each distribution that any of it imports."""
        return () if self.imports is None else self._closure.libraries


@dataclass(frozen=True)
class Registered(Generic[T]):
    """Something a plugin listed, and the plugin it came from.

    Where it is a plugin's and not the core's, its functions are references: calling one imports
    the plugin. Its name and everything else that it declares are data.
    """

    item: T
    origin: Origin

    @property
    def distribution(self) -> str:
        """Name of the distribution it came from."""
        return self.origin.distribution

    @property
    def version(self) -> str:
        """Version of that distribution."""
        return self.origin.version


@dataclass(frozen=True)
class RegisteredMethod(Registered[Method]):
    """A method and the plugin it came from.

    `modules`: those that its builder is written in. `definition`: the docstring of the module that
    it is defined in.
    """

    modules: tuple[str, ...] = ()
    definition: str = ""

    @property
    def method(self) -> Method:
        """The method itself."""
        return self.item

    @cached_property
    def libraries(self) -> tuple[str, ...]:
        """Name and version of each distribution that the method's own modules import."""
        imports = self.origin.imports
        return () if imports is None else imports.of(self.modules).libraries
