"""docs/architecture.md and CONTRIBUTING.md are true: rooms, links, names and commands are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import harness
from harness.cli.main import COMMANDS, app

ROOT = Path(__file__).resolve().parents[1]
CORE = Path(harness.__file__).parent
PAGES = {
    name: (ROOT / name).read_text("utf-8") for name in ("docs/architecture.md", "CONTRIBUTING.md")
}
MAP = PAGES["docs/architecture.md"]
NOT_ROOMS = {"__init__", "_protocols", "builtin", "plain_text"}


def test_every_room_is_on_the_map() -> None:
    table = MAP[MAP.index("## Rooms") : MAP.index("`tests/` is the same tree")]
    named = set(re.findall(r"`(\w+)`", table))
    there = {path.stem for path in CORE.iterdir() if path.suffix in ("", ".py")}
    assert there - named - NOT_ROOMS - {"__pycache__"} == set()


def test_no_room_is_on_the_map_that_is_not_there() -> None:
    table = MAP[MAP.index("| room |") : MAP.index("`tests/` is the same tree")]
    rooms = {
        name
        for line in table.splitlines()[2:]
        if line.startswith("|")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    gone = [n for n in rooms if not (CORE / n).is_dir() and not (CORE / f"{n}.py").exists()]
    assert gone == []


@pytest.mark.parametrize("page", PAGES)
def test_links_and_files_are_there(page: str) -> None:
    folder = (ROOT / page).parent
    links = re.findall(r"\]\(([^)#]+)\)", PAGES[page])
    assert [link for link in links if not (folder / link).exists()] == []
    files = re.findall(r"`([\w/]+\.(?:py|toml|md))`", PAGES[page])
    missing = [f for f in files if not (ROOT / f).exists() and not (CORE / f).exists()]
    assert [name for name in missing if name not in ("utils.py", "protocols/NAME.toml")] == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_commands(page: str) -> None:
    named = set(re.findall(r"bench (\w+)", PAGES[page]))
    assert named - COMMANDS.keys() == set()


@pytest.mark.methods
def test_the_commands_of_the_map_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```bash\n(.*?)^```", MAP, flags=re.DOTALL | re.MULTILINE)
    for line in block.splitlines():
        words = shlex.split(line)[1:]
        more = ["--workers", "1"] if words[0] == "run" else []
        ended = CliRunner().invoke(app, [*words, *more], catch_exceptions=False)
        assert ended.exit_code == 0, ended.output


def test_every_command_is_on_its_page_and_in_the_readme() -> None:
    for page in (ROOT / "docs" / "commands.md", ROOT / "README.md"):
        named = set(re.findall(r"`bench ([\w-]+)", page.read_text("utf-8")))
        assert COMMANDS.keys() - named == set(), page
