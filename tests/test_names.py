"""A name means one thing: no two classes of the core are called alike."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import harness

CORE = Path(harness.__file__).parent


def test_no_two_classes_of_the_core_share_a_name() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(CORE.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found[node.name.lstrip("_")].append(str(file.relative_to(CORE)))
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
