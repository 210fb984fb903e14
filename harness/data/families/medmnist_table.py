"""The medmnist package's own table of sets, sizes, digests and splits."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Importing medmnist would import torch and torchvision and make a folder in the person's home:
# its table is a literal, so it is read and not run.
_FILE, _TABLE = "info.py", "INFO"


@cache
def medmnist_table() -> Mapping[str, Mapping[str, Any]]:
    """Return what the package knows of each set, by its flag; empty if it is not installed."""
    spec = find_spec("medmnist")
    if spec is None or not spec.submodule_search_locations:
        return {}
    path = Path(spec.submodule_search_locations[0]) / _FILE
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and _TABLE in map(_name, statement.targets):
            table: Mapping[str, Mapping[str, Any]] = ast.literal_eval(statement.value)
            return table
    return {}


def _name(target: ast.expr) -> str | None:
    return target.id if isinstance(target, ast.Name) else None
