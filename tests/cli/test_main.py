"""What `bench` answers before any command."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.cli.main import COMMANDS

BENCH = "import sys; from harness.cli.main import main; sys.argv[0] = 'bench'; main()"


def bench(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BENCH, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_version_stands_beside_the_number_of_the_api() -> None:
    said = bench("--version")
    assert said == f"metric-learning-bench {harness.__version__} (API {harness.API})\n"


def test_every_command_is_in_the_help_with_its_sentence() -> None:
    shown = bench("--help")
    rows = [line.strip("│ ").split(None, 1) for line in shown.splitlines()]
    told = {row[0] for row in rows if len(row) == 2}
    assert [name for name in COMMANDS if name not in told] == []


def test_a_misspelt_command_is_one_line_with_the_nearest() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BENCH, "leaderbord"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "unknown command 'leaderbord'; did you mean 'leaderboard'?" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("figure", "bench: Missing argument 'name'; see bench figure --help\n"),
        ("run --metods a", "bench: No such option: --metods"),
        ("data", ""),
    ],
)
def test_what_is_missing_or_misspelt_is_answered_with_the_help(words: str, said: str) -> None:
    command = [sys.executable, "-c", BENCH, *words.split()]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(said)
    assert ("Usage: bench data" in ended.stdout) or ended.stderr.endswith(" --help\n")


def test_a_command_imports_no_other_command() -> None:
    code = """
import atexit, sys
from harness.cli.main import main
atexit.register(lambda: print(sorted(n for n in sys.modules if n.startswith("harness.cli."))))
sys.argv = ["bench", "history", "--help"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stdout.splitlines()[-1]
    own = ["history", "main", "options", "saying"]
    assert last == str([f"harness.cli.{name}" for name in own]), done.stderr


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    """Of every command its help, and of its options name, help and whether they are repeated."""
    code = """
import click, json, typer
from harness.cli.main import COMMANDS, app
root = typer.main.get_command(app)
told = {}
for name in COMMANDS:
    command = root.get_command(click.Context(root), name)
    for one in (command, *getattr(command, "commands", {}).values()):
        options = [(o.name, getattr(o, "help", ""), getattr(o, "multiple", 0)) for o in one.params]
        told[f"{name} {one.name}"] = {"help": one.help, "options": options}
print(json.dumps(told))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_an_option_that_several_commands_share_is_declared_once(commands: dict[str, Any]) -> None:
    told: dict[str, set[tuple[object, ...]]] = {}
    for name, command in commands.items():
        if name == "plugin check":  # of one method, in its own words
            continue
        for option, *said in command["options"]:
            if option in ("protocol_file", "plugin", "only"):
                told.setdefault(option, set()).add(tuple(said))
    assert {name: len(every) for name, every in told.items()} == {
        "plugin": 1,
        "only": 1,
        "protocol_file": 1,
    }


def test_no_help_names_a_file_that_an_installation_lacks(commands: dict[str, Any]) -> None:
    assert len(commands) >= len(COMMANDS)
    for name, command in commands.items():
        texts = [command["help"], *(said for _, said, _ in command["options"])]
        assert [text for text in texts if "docs/" in (text or "")] == [], name


def test_a_shell_completes_commands() -> None:
    asked = {"_BENCH_COMPLETE": "complete_bash", "COMP_WORDS": "bench le", "COMP_CWORD": "1"}
    assert bench(**asked).split() == ["leaderboard"]


EMPTY = """
import json, shlex, sys
from harness.cli.main import app
from harness.errors import UserError

said = []
for line in json.load(sys.stdin):
    try:
        app(shlex.split(line), standalone_mode=False)
    except UserError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def test_an_empty_text_is_refused_and_not_read_as_the_default() -> None:
    lines = {
        "run --methods a --store ''": "--store",
        "run --methods a --data=' '": "--data",
        "run --methods '' --seeds 1": "--methods",
        "run --methods a --with a.b=1 --with ''": "--with",
        "leaderboard --sort ''": "--sort",
        "leaderboard ''": "source",
        "merge '' --store a": "sources",
        "data add ''": "name",
        "plugin check ''": "name",
        "protocol new '' a.toml": "data",
        "list ''": "kind",
    }
    command = [sys.executable, "-c", EMPTY]
    ended = subprocess.run(
        command, input=json.dumps(list(lines)), capture_output=True, text=True, check=True
    )
    of_each = [f"{name}: is empty: give a value, or leave it out" for name in lines.values()]
    assert [one.lower() for one in json.loads(ended.stdout)] == of_each


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_nobodys_and_no_files(closed: str, tmp_path: Path) -> None:
    code = "from harness.cli.main import main; main()"
    command = f'exec {shlex.quote(sys.executable)} -c "{code}" list metrics --format csv {closed}'
    ended = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("words", ["list runs --store=~/none", "list runs --store ~/none"])
def test_the_home_folder_is_meant_where_a_shell_leaves_it(words: str, tmp_path: Path) -> None:
    code = "from harness.cli.main import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, *words.split()],
        capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert f"store {tmp_path / 'none'}: there is no store" in ended.stderr
