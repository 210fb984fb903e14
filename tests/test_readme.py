"""The README's commands and code are run as they stand, under the `smoke` protocol."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEST_COMMAND = "python -m pip install tox && tox"

pytestmark = pytest.mark.methods


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    return [command.strip() for command in blocks("bash")]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A copy of the repository and an environment of its own.

    The packages that the tests run with can be seen from it, so that installing does not
    download torch again.
    """
    folder = tmp_path_factory.mktemp("readme")
    ignored = shutil.ignore_patterns(".*", "__pycache__", "bench-store", "build", "dist")
    shutil.copytree(ROOT, folder / "repository", ignore=ignored)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    scheme = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = Path(sysconfig.get_path("purelib", "venv", scheme))
    (site / "outer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {
        **os.environ,
        "PATH": f"{folder / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(folder / "venv"),
        "BENCH_PROTOCOL": "smoke",
    }
    return folder / "repository", environment


def shell(fresh, command: str) -> str:
    folder, environment = fresh
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def test_the_readme_has_the_commands_that_are_tested_here():
    assert [command.split()[0] for command in commands()] == ["python", "python", "bench", "bench"]


def test_the_first_command_ends_in_a_leaderboard_of_its_methods_with_intervals(fresh):
    command = commands()[0]
    (named,) = re.findall(r"--methods (\S+)", command)
    board = shell(fresh, command)
    for method in named.split(","):
        assert re.search(rf"^ *\d+  {method} +0\.\d+ \[.+\]", board, re.MULTILINE), (
            f"{method}:\n{board}"
        )


def test_the_second_command_is_what_ci_runs():
    assert commands()[1] == TEST_COMMAND
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == TEST_COMMAND


def test_the_example_method_runs_against_the_triplet_loss(fresh):
    (code,) = blocks("python")
    (fresh[0] / "mine.py").write_text(code)
    board = shell(fresh, commands()[2])
    assert "smooth-triplet" in board


def test_a_new_plugin_installs_checks_and_runs_as_typed(fresh):
    assert re.search(r"^ *\d+  mine +0\.", shell(fresh, commands()[3]), re.MULTILINE)
