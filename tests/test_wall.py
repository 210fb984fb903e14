"""The walls: the core knows no method, and what is behind the store knows no torch."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

import harness
from harness.data.families import catalogue

CORE = Path(harness.__file__).parent
FILES = sorted(CORE.rglob("*.py"))
BEHIND_THE_STORE = (
    "store",
    "statistics",
    "results",
    "metrics.py",
    "table.py",
    "record.py",
    "scoring",
    "reading",
    "gate",
    "history",
    "deployment",
    "variables",
)
# Imported where a device is asked for, by no module at its top.
DEVICE = "scoring/device.py"
TORCH = {True: ("harness.scoring.device",), False: ("harness.scoring.device", "torch")}
# Names of first-party methods that are plain words too: a shape, weights, the toy, that of a gate.
PLAIN_WORDS = {"circle", "pretrained", "untrained", "margin"}

BENCH = "import sys; from harness.cli.main import main; sys.argv[0] = 'bench'; main()"


def name_of(file: Path) -> str:
    return file.relative_to(CORE).as_posix()


def imports(nodes: Iterator[ast.AST]) -> set[str]:
    """Top-level packages that these statements import."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def when_imported(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: neither functions nor what is for type checkers."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from when_imported(child)


def prose(tree: ast.AST) -> set[ast.AST]:
    """Docstrings."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def trees() -> Iterator[tuple[str, ast.AST]]:
    for file in FILES:
        yield name_of(file), ast.parse(file.read_text(encoding="utf-8"))


def modules(nodes: Iterable[ast.AST]) -> set[str]:
    """Modules, and names of modules, that these statements import."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_the_core_imports_no_method_no_library_of_losses_and_no_torchvision() -> None:
    banned = {"bench_methods", "pytorch_metric_learning", "torchvision", "timm"}
    found = {name: imports(ast.walk(tree)) & banned for name, tree in trees()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_importing_what_is_behind_the_store_imports_no_torch() -> None:
    assert [room for room in BEHIND_THE_STORE if not (CORE / room).exists()] == []
    found = {
        name: {one for one in modules(when_imported(tree)) if one.startswith(TORCH[name == DEVICE])}
        for name, tree in trees()
        if name.startswith(BEHIND_THE_STORE)
    }
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.methods
def test_the_core_names_no_method() -> None:
    from bench_methods import METHODS

    names = {method.name for method in METHODS} - PLAIN_WORDS
    named = {}
    for file in FILES:
        tree = ast.parse(file.read_text())
        docs = prose(tree)
        words = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docs
        }
        if words & names:
            named[name_of(file)] = words & names
    assert named == {}


@pytest.fixture(scope="module")
def core_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the core and what it needs, and no distribution that is a plugin of it.

    Links to what is installed here; with -S and this folder as PYTHONPATH it is all there is.
    """
    folder = tmp_path_factory.mktemp("core_alone")
    hidden = {
        part.parts[0]
        for entry in metadata.entry_points(group="bench")
        if entry.dist is not None
        for part in entry.dist.files or ()
    }
    sites = dict.fromkeys(str(dist.locate_file("")) for dist in metadata.distributions())
    # Of one name on two of them Python takes the first; so the first, put last, replaces it.
    found = {path.name: path for site in reversed(sites) for path in Path(site).iterdir()}
    for name in found.keys() - hidden - {"harness", "__pycache__"}:
        (folder / name).symlink_to(found[name])
    (folder / "harness").symlink_to(CORE)
    return folder


def alone(core_alone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        env={**os.environ, "PYTHONPATH": str(core_alone)},
        cwd=core_alone.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_the_core_lists_no_method_of_its_own(core_alone: Path) -> None:
    listed = alone(core_alone, "-c", BENCH, "list", "methods", "--format", "json")
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "[]\n", "")


def test_the_core_lists_its_datasets_alone(core_alone: Path) -> None:
    listed = alone(core_alone, "-c", BENCH, "list", "datasets", "--format", "csv")
    names = [line.partition(",")[0] for line in listed.stdout.splitlines()]
    assert names == ["name", "glyphs", "glyphs-2", "digits", *catalogue()]


def test_the_core_says_what_to_install_where_there_is_no_method(core_alone: Path) -> None:
    done = alone(core_alone, "-c", BENCH, "run", "--methods", "all", "--dry-run")
    assert done.returncode == 2
    assert done.stderr == (
        "bench: no method is installed: pip install metric-learning-bench-methods\n"
    )
