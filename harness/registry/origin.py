"""Where a plugin comes from and which code it is; and what it offers, beside its origin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from harness.method import Method
from harness.registry.sources import Closure, Imports, Root, SourceFile, digest_of, files_of

T = TypeVar("T")


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
