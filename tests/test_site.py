"""The site: every page is on it, and the commands of its first pages are there and run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import Commands

yaml = pytest.importorskip("yaml", reason="reads the site's file")

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = ["index.md", "publish-a-method.md", "coming-from.md", "faq.md"]


def named(part: Any) -> list[str]:
    """The pages of a navigation, whatever its depth."""
    if isinstance(part, str):
        return [part]
    inside = part.values() if isinstance(part, dict) else part
    return [page for one in inside for page in named(one)]


def commands(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```bash\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    inline = re.findall(r"`(bench [^`]+)`", text)
    return [line for line in (*"".join(blocks).splitlines(), *inline) if line.startswith("bench ")]


def test_every_page_is_in_the_navigation_once() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(named(site["nav"])) == sorted(path.name for path in DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_and_their_options_are_there(page: str) -> None:
    group = Commands(name="bench")
    for line in commands(page):
        words = shlex.split(line)[1:]
        if words[0].startswith("-"):
            assert words[0] == "--version"
            continue
        command = group.get_command(None, words[0])
        if hasattr(command, "commands"):
            command = command.commands[words[1]]
        known = {option for one in command.params for option in one.opts}
        used = {word for word in words if word.startswith("--")}
        assert used <= known, line


@pytest.mark.methods
def test_the_quickstart_runs_as_it_stands(tmp_path: Path) -> None:
    shown = [line for line in commands("index.md") if "first" in line]
    assert len(shown) == 4
    printed = []
    for line in shown:
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", *shlex.split(line)[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        printed.append(done.stdout)
    assert re.search(r"^ *1  \S+ +0\.\d+ \[", printed[1], re.MULTILINE)
    assert "its scores mean nothing" in printed[1]
    assert "normalized-softmax" in (tmp_path / "first.html").read_text(encoding="utf-8")
