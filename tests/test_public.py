"""The public surface: typed, numbered, written down, and all that plugins need."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import harness
from harness.registry import load_registry

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTED = ("harness", "harness.testing", "harness.executors")
OUTSIDE = (ROOT / "plugins", ROOT / "tests" / "third_party", ROOT / "harness" / "plugin_template")


def public() -> set[tuple[str, str]]:
    return {(name, one) for name in DOCUMENTED for one in importlib.import_module(name).__all__}


def imported_from_the_core(file: Path) -> set[tuple[str, str]]:
    """(module, name) of each import from the core; the name is empty where a module is imported."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {(node.module, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
    return {(module, name) for module, name in found if module.split(".")[0] == "harness"}


def test_what_our_methods_and_an_outside_plugin_import_is_public() -> None:
    offered = public() | {(module, "") for module in DOCUMENTED}
    files = [file for folder in OUTSIDE for file in folder.rglob("*") if outside(file)]
    assert len(files) > 50
    asked = {file: imported_from_the_core(file) - offered for file in files}
    assert {str(file.relative_to(ROOT)): extra for file, extra in asked.items() if extra} == {}


def outside(file: Path) -> bool:
    """Whether it is code as a plugin's author has it: ours, Acme's, or what `plugin new` writes."""
    if "plugin_template" in file.parts:
        return file.name.endswith(".py.txt") and "$" not in file.read_text(encoding="utf-8")
    return file.suffix == ".py"


@pytest.mark.parametrize("module", DOCUMENTED)
def test_every_public_name_is_there_and_written_down(module: str) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    names = importlib.import_module(module).__all__
    assert names == sorted(names, key=str)
    assert [name for name in names if not hasattr(importlib.import_module(module), name)] == []
    assert [name for name in names if f"`{name}`" not in page] == []
    assert set(names) <= set(dir(importlib.import_module(module)))


def test_the_same_names_are_loaded_later_as_type_checkers_see() -> None:
    tree = ast.parse(Path(harness.__file__).read_text(encoding="utf-8"))
    (either,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (node.module, alias.name)
        for node in either.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {(module, name) for module, names in harness._LATER.items() for name in names}


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'Metod'"):
        harness.Metod  # noqa: B018


def test_misspelt_imports_do_not_pass_the_type_checker(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from harness import Metod\n"
        "from harness import Nonsense, Objective\n"
        "from harness import Value, Method, Float, loss_method\n"
        "import harness\n"
        "harness.Objectve\n"
    )
    # Not from where it is installed: mypy refuses to check files of the environment.
    (tmp_path / "harness").symlink_to(Path(harness.__file__).parent)
    # What the package imports is skipped: it would take a minute, and is not asked here.
    options = ["--strict", "--follow-imports=skip", "--config-file=", "--no-error-summary"]
    cache = ["--cache-dir", str(tmp_path / "cache")]
    found = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *cache, "harness/__init__.py", program.name],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    ).stdout
    wrong = [line.split(": error: ")[1] for line in found.splitlines() if "program.py" in line]
    assert [line.rpartition("[")[2] for line in wrong] == ["attr-defined]"] * 3, found
    assert [name for name in ("Metod", "Nonsense", "Objectve") if name not in found] == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = (
        "import sys, harness; harness.API, harness.Float, harness.__version__;"
        "print([name for name in ('torch', 'numpy', 'pandas', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_version_is_that_of_the_distribution() -> None:
    assert harness.__version__ == metadata.version("metric-learning-bench")


PLUGIN = """
BENCH_API = {number}
from harness import Float, hookimpl, loss_method
sound = loss_method("sound", lambda margin: None, margin=Float(0, 1, 0.1), summary="s",
                    reference="r")
@hookimpl
def bench_methods():
    return [sound]
"""


def test_a_plugin_of_this_api_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN.format(number=harness.API))
    assert "sound" in load_registry([tmp_path / "mine.py"]).methods


@pytest.mark.parametrize("number", [harness.API + 1, 0, "'2'"])
def test_a_plugin_of_another_api_is_refused_in_one_line(tmp_path: Path, number: object) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN.format(number=number))
    with pytest.raises(harness.UserError) as refused:
        load_registry([tmp_path / "mine.py"])
    said = str(refused.value)
    assert f"is written for API {number} of the benchmark" in said
    assert f"this one has API {harness.API}" in said
    assert "\n" not in said
