"""Writing a new plugin project."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path, PurePosixPath
from string import Template
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_ALL = "all"  # what `--methods all` means


def write_plugin(name: str, directory: Path) -> list[Path]:
    """Write the project of a method called `name` into `directory`/`name`; return its files.

    Raises UserError, and writes nothing, if the name will not do or the folder is there already.
    """
    _check_name(name)
    root = directory / name
    if root.exists() or root.is_symlink():
        raise UserError(f"{root} exists already: nothing was written")
    package = "bench_" + name.replace("-", "_")
    names = {"name": name, "package": package, "distribution": f"bench-{name}"}
    written = []
    for place, text in _templates():
        target = root / str(place).replace("package/", f"{package}/")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(text).substitute(names), encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write {target}: {error.strerror or error}") from None
        written.append(target)
    return written


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UserError(
            f"plugin name '{name}': lower-case letters and digits, in words joined by hyphens, "
            "a letter first (for example: my-loss)"
        )
    if name == _ALL:
        raise UserError(f"plugin name '{name}': `--methods all` means every method; take another")


def _templates() -> Iterator[tuple[PurePosixPath, str]]:
    yield from _walk(files("harness.plugin_template") / "files", PurePosixPath())


def _walk(folder: Traversable, place: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _walk(entry, place / entry.name)
        elif entry.name.endswith(".txt"):
            yield place / entry.name.removesuffix(".txt"), entry.read_text(encoding="utf-8")
