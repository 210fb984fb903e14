"""`--plugin file.py`: an uninstalled plugin, asked for by name; so a broken one is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UserError
from harness.registry import load_registry

MINE = """
from harness import hookimpl, loss_method

@hookimpl
def bench_methods():
    return [loss_method("mine", lambda: None, summary="s", reference="r")]
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file with one method."""
    path = tmp_path / "my_losses.py"
    path.write_text(MINE)
    return path


def error_of(*paths: Path) -> str:
    with pytest.raises(UserError) as raised:
        load_registry(paths)
    line = str(raised.value)
    assert "\n" not in line
    return line


def test_its_methods_are_registered_under_the_name_of_the_file(mine: Path) -> None:
    found = load_registry([mine]).method("mine")
    assert str(found.origin) == "file:my_losses.py 0"


def test_it_is_not_registered_where_it_is_not_named(mine: Path) -> None:
    load_registry([mine])
    assert "mine" not in load_registry().methods


def test_it_may_be_loaded_again_by_a_later_command(mine: Path) -> None:
    load_registry([mine])
    assert "mine" in load_registry([mine]).methods


def test_a_dataclass_in_it_can_look_its_module_up(mine: Path) -> None:
    mine.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\n"
        "@dataclass\nclass Point:\n    x: list[int] = field(default_factory=list)\n" + MINE
    )
    assert "mine" in load_registry([mine]).methods


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    assert error_of(path) == f"--plugin {path}: no such file"


def test_a_file_of_another_kind_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no code")
    assert error_of(path) == f"--plugin {path}: not a Python file"


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named"),
        ("def :", "SyntaxError: "),
        ("raise SystemExit(1)", "SystemExit: 1"),
    ],
)
def test_a_file_that_fails_to_import_is_an_error(source: str, wrong: str, mine: Path) -> None:
    mine.write_text(source)
    assert error_of(mine).startswith(f"--plugin {mine}: failed to import: {wrong}")


def test_a_file_without_a_hook_is_an_error(mine: Path) -> None:
    mine.write_text("x = 1\n")
    assert error_of(mine).startswith(
        "plugin 'my_losses' (file:my_losses.py 0): implements no hook (allowed: bench_methods, "
    )


def test_a_file_with_an_unknown_hook_is_an_error(mine: Path) -> None:
    mine.write_text(MINE.replace("def bench_methods", "def bench_losses"))
    assert "(file:my_losses.py 0): unknown hook 'bench_losses'" in error_of(mine)


def test_a_file_whose_hook_raises_is_an_error(mine: Path) -> None:
    mine.write_text("from harness import hookimpl\n@hookimpl\ndef bench_methods():\n    1 / 0\n")
    assert error_of(mine) == (
        "plugin 'my_losses' (file:my_losses.py 0): bench_methods raised "
        "ZeroDivisionError: division by zero"
    )


def test_a_file_named_twice_is_an_error(mine: Path) -> None:
    assert error_of(mine, mine) == "plugin 'my_losses' (file:my_losses.py 0): is loaded already"


def test_a_method_that_is_named_as_one_of_another_plugin_is_used_from_neither(
    mine: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other_losses.py"
    other.write_text(MINE)
    registry = load_registry([mine, other])
    assert "mine" not in registry.methods
    assert registry.problems[-1] == (
        "two methods are named 'mine': by file:my_losses.py 0 and file:other_losses.py 0; "
        "neither is used (rename or uninstall one)"
    )
