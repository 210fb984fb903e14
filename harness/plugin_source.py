"""Which code a plugin is: found without importing it, and digested."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path


def package_root(module: str) -> Path | None:
    """Folder or file of a module's outermost package; None where it is none of a file's.

    A namespace package belongs to several distributions: then it is the first package inside.
    """
    name, *deeper = module.split(".")
    try:
        spec = importlib.util.find_spec(name)
        while spec is not None and spec.origin is None and deeper:
            name = f"{name}.{deeper.pop(0)}"
            spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None or not spec.has_location:
        return None
    path = Path(spec.origin)
    return path.parent if path.name == "__init__.py" else path


def source_digest(root: Path | None) -> str:
    """sha256 over the Python files of a package (or one file) and their places, 12 digits."""
    digest = hashlib.sha256()
    for place, path in _python_files(root):
        digest.update(place.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _python_files(root: Path | None) -> list[tuple[str, Path]]:
    if root is None:
        return []
    if not root.is_dir():
        return [(root.name, root)]
    return [(path.relative_to(root).as_posix(), path) for path in sorted(root.rglob("*.py"))]
