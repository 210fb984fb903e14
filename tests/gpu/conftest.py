"""The device suite: `tox -e gpu`, or `pytest tests/gpu --device cpu` to try it at toy size.

Every test adds rows to one table, printed at the end. On `cuda` sizes are full; on `cpu` they are
toys, which prove the suite and measure nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

ROWS: list[tuple[str, str, str]] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cuda", help="cuda, cuda:N, or cpu for toy sizes")
    parser.addoption("--methods", default="all", help="those that run on smoke")
    parser.addoption("--table", default=None, help="write the table to this file as well")


@dataclass(frozen=True)
class Bench:
    """The `bench` command on the chosen device, and the table."""

    device: str
    folder: Path
    methods: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def toy(self) -> bool:
        return self.device == "cpu"

    def run(self, *words: str | Path, device: str | None = None) -> float:
        """Run a command of `bench` there; give its wall seconds. Exit 4: some runs failed."""
        command = [sys.executable, "-m", "harness.cli", *map(str, words)]
        command += ["--device", device or self.device]
        began = time.perf_counter()
        done = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode in {0, 4}, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return time.perf_counter() - began

    def row(self, what: str, measured: str, target: str = "") -> None:
        """Add a row to the table."""
        ROWS.append((what, measured, target))


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    device: str = request.config.getoption("--device")
    if device.startswith("cuda") and not torch.cuda.is_available():
        pytest.fail("torch sees no CUDA device here: try --device cpu", pytrace=False)
    if device.startswith("cuda"):
        ROWS.append(("card", torch.cuda.get_device_name(device), ""))
    ROWS.append(("torch", torch.__version__, ""))
    methods = request.config.getoption("--methods")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return Bench(device, tmp_path_factory.mktemp("device"), methods, environment)


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = ["| what | measured | target |", "| --- | --- | --- |"]
    lines += [f"| {what} | {measured} | {target} |" for what, measured, target in ROWS]
    terminalreporter.write_line("\n".join(lines))
    table = terminalreporter.config.getoption("--table")
    if table:
        Path(table).write_text("\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def _free_the_card() -> Iterator[None]:
    yield
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
