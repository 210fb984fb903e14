"""The line for a name that is not allowed, and the one table of exit codes."""

import re
from pathlib import Path

from harness.errors import EXIT_CODES, unknown

ROOT = Path(__file__).resolve().parents[1]


def test_few_allowed_names_are_all_shown() -> None:
    line = str(unknown("fruit", "aple", ["pear", "apple"], where="basket"))
    assert line == "basket: unknown fruit 'aple'; did you mean 'apple'? (allowed: apple, pear)"


def test_of_many_allowed_names_the_nearest_are_shown() -> None:
    names = [*(f"fruit-{number:03}" for number in range(200)), "apple"]
    line = str(unknown("name", "aple", names))
    assert "did you mean 'apple'? (allowed: apple, " in line
    assert line.count("fruit-") == 7
    assert line.endswith(", and 193 more)")


def test_a_list_may_be_empty() -> None:
    assert str(unknown("name", "x", [])) == "unknown name 'x' (allowed: none)"


def test_the_page_of_commands_has_every_exit_code() -> None:
    page = " ".join((ROOT / "docs" / "commands.md").read_text(encoding="utf-8").split())
    listed = ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    assert f"Exit codes: {listed}. " in page


def test_no_command_has_an_exit_code_of_its_own() -> None:
    named = re.compile(r"EXIT_\w+ = \d|(?:typer\.Exit|sys\.exit)\(\d")
    files = [file for file in (ROOT / "harness").rglob("*.py") if file.name != "errors.py"]
    assert [file.name for file in files if named.search(file.read_text(encoding="utf-8"))] == []
