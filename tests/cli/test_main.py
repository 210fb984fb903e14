"""What `bench` answers before any command."""

from __future__ import annotations

import os
import subprocess
import sys

import harness

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


def test_a_shell_completes_commands() -> None:
    asked = {"_BENCH_COMPLETE": "complete_bash", "COMP_WORDS": "bench le", "COMP_CWORD": "1"}
    assert bench(**asked).split() == ["leaderboard"]
