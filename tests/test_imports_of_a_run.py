"""How many of our files a small run enters: one that is not needed costs every start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Measured on 28 November 2026, where there were 188 and 186 the day before, then 134 and 113: a
# change that needs more says why here, one that needs fewer lowers it. A run's own process counts
# what a method's needs (its loop); three beside workers seal the dataset that they share.
# Four are the sandbox: whether there is one, what a process may open, two filters of the kernel.
# One are the folders of processes, which outlive who is killed. One is what commands say, escaped.
MOST = {1: 95, 2: 84}

RUN = """
import sys
from harness.cli.main import main

def enter():
    sys.argv[1:] = ["run", "--protocol", "smoke", "--dataset", "digits", "--methods", "triplet",
                    "--seeds", "1", "--workers", sys.argv[1], "--store", sys.argv[2]]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, ended.code
    ours = [name for name in sys.modules if name.split(".")[0] in ("harness", "bench_methods")]
    print("entered", len(ours), *sorted(ours))

if __name__ == "__main__":  # workers import this file
    enter()
"""


@pytest.mark.parametrize("workers", MOST)
def test_a_run_enters_few_of_our_files(tmp_path: Path, workers: int) -> None:
    pytest.importorskip("bench_methods")
    script = tmp_path / "enter.py"
    script.write_text(RUN)
    asked = [sys.executable, str(script), str(workers), str(tmp_path / "store")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run(
        asked, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    word, count, *names = ran.stdout.splitlines()[-1].split()
    assert word == "entered"
    assert int(count) <= MOST[workers], names
