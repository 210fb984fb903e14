"""The walls: the core knows no method, and what is behind the store knows no torch."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

import harness
from harness.data.sources.catalogue import catalogue

CORE = Path(harness.__file__).parent
FILES = sorted(CORE.rglob("*.py"))
BEHIND_THE_STORE = (
    "store",
    "statistics",
    "results",
    "metrics.py",
    "table",
    "record.py",
    "scoring",
    "reading",
    "gate",
    "history",
    "deployment",
)
# Imported where a device is asked for, by no module at its top.
ON_A_DEVICE = "scoring/device.py"
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


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_the_core_imports_no_method_and_no_library_of_losses(file: Path) -> None:
    found = imports(ast.walk(ast.parse(file.read_text())))
    assert not found & {"bench_methods", "pytorch_metric_learning"}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_the_core_does_not_import_torchvision(file: Path) -> None:
    assert not imports(ast.walk(ast.parse(file.read_text()))) & {"torchvision", "timm"}


@pytest.mark.parametrize(
    "file", [file for file in FILES if name_of(file).startswith(BEHIND_THE_STORE)], ids=name_of
)
def test_importing_what_is_behind_the_store_imports_no_torch(file: Path) -> None:
    tree = ast.parse(file.read_text())
    if name_of(file) != ON_A_DEVICE:
        assert "torch" not in imports(when_imported(tree))
    named = {
        f"{node.module}.{alias.name}"
        for node in when_imported(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    named |= {
        alias.name
        for node in when_imported(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not [name for name in named if name.startswith("harness.scoring.device")]


@pytest.mark.parametrize("room", BEHIND_THE_STORE)
def test_the_rooms_behind_the_store_are_where_this_test_looks(room: str) -> None:
    assert (CORE / room).exists()


def test_the_core_names_no_method() -> None:
    methods = pytest.importorskip("bench_methods")
    names = {method.name for method in methods.METHODS} - PLAIN_WORDS
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
    assert names == ["name", "glyphs", "digits", *catalogue()]


def test_the_core_says_what_to_install_where_there_is_no_method(core_alone: Path) -> None:
    done = alone(core_alone, "-c", BENCH, "run", "--methods", "all", "--dry-run")
    assert done.returncode == 2
    assert done.stderr == (
        "bench: no method is installed: pip install metric-learning-bench-methods\n"
    )
