"""`bench run` as a person types it: real processes, real stores."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.store import Store

PLUGIN = """
import time
from pathlib import Path

import torch
from harness import Float, hookimpl, loss_method


class Spread(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = weight

    def forward(self, embeddings, labels):
        distances = torch.cdist(embeddings, embeddings)
        same = labels[:, None] == labels[None, :]
        return self.weight * (distances[same].mean() - distances[~same].mean())


class Patient(Spread):
    def forward(self, embeddings, labels):
        while Path(__file__).with_name("gate").exists():
            time.sleep(0.02)
        return super().forward(embeddings, labels)


class Broken(torch.nn.Module):
    def forward(self, embeddings, labels):
        raise RuntimeError("a broken loss")


def method(name, loss):
    return loss_method(name, loss, summary="of the tests", reference="none", weight=Float(0.1, 2.0, 1.0))


@hookimpl
def bench_methods():
    return [method("spread", Spread), method("patient", Patient), method("broken", lambda weight: Broken())]
"""  # noqa: E501


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """While this file is there, runs of `patient` do not go on."""
    path = tmp_path / "gate"
    path.touch()
    yield path
    path.unlink(missing_ok=True)


def command(tmp_path: Path, *arguments: str) -> list[str]:
    plugin = ["--plugin", str(tmp_path / "mine.py")]
    smoke = ["--protocol", "smoke", "--store", str(tmp_path / "store")]
    return [sys.executable, "-m", "harness.cli", "run", *plugin, *smoke, *arguments]


def bench(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(tmp_path, *arguments), capture_output=True, text=True, check=False, cwd=tmp_path
    )


def records(tmp_path: Path):
    with Store.open(tmp_path / "store") as store:
        return store.records()


def test_a_run_ends_in_a_board_and_repeats_nothing(tmp_path, plugin):
    first = bench(tmp_path, "--methods", "spread", "--seeds", "1", "--workers", "1")
    assert first.returncode == 0, first.stderr
    assert "[2/2] spread, seed 0, fold 1: MAP@R 0." in first.stderr
    assert "spread" in first.stdout
    assert "one replicate: no interval" in first.stdout
    again = bench(tmp_path, "--methods", "spread", "--seeds", "1")
    assert again.returncode == 0
    assert "0 of 2 runs to do" in again.stderr
    assert len(records(tmp_path)) == 2


def test_a_failing_method_is_a_row_with_its_reason_and_exit_code_4(tmp_path, plugin):
    ended = bench(tmp_path, "--methods", "broken,spread", "--seeds", "1")
    assert ended.returncode == 4
    told = "broken, seed 0, fold 0: failed: crashed: RuntimeError: a broken loss (mine.py:"
    assert told in ended.stderr
    assert {record.state for record in records(tmp_path)} == {"failed", "done"}
    assert "spread" in ended.stdout


def test_kill_9_in_the_middle_loses_and_repeats_nothing(tmp_path, plugin, gate):
    whole = ["--methods", "spread,patient", "--seeds", "2", "--workers", "2"]
    process = subprocess.Popen(
        command(tmp_path, *whole), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[2/8]"):
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    gate.unlink()
    kept = {record.run_id: record for record in records(tmp_path)}
    assert len(kept) == 2
    rest = bench(tmp_path, *whole)
    assert rest.returncode == 0, rest.stderr
    assert "6 of 8 runs to do" in rest.stderr
    after = {record.run_id: record for record in records(tmp_path)}
    assert len(after) == 8
    assert all(after[run_id] == record for run_id, record in kept.items())


def test_ctrl_c_says_how_to_go_on_and_keeps_what_is_done(tmp_path, plugin, gate):
    process = subprocess.Popen(
        command(tmp_path, "--methods", "spread,patient", "--seeds", "2", "--workers", "2"),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A shell's background jobs, and so these tests among them, are deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[2/8]"):
            break
    process.send_signal(signal.SIGINT)
    assert "finishing what runs" in process.stderr.readline()
    gate.unlink()
    stdout, stderr = process.communicate()
    assert process.returncode == 130
    assert "stopped; the same command goes on from here" in stderr
    assert "spread" in stdout
    assert "Traceback" not in stderr
    assert len(records(tmp_path)) >= 1


def test_a_json_leaderboard_has_the_promised_shape(tmp_path, plugin):
    assert bench(tmp_path, "--methods", "spread", "--seeds", "2", "--workers", "1").returncode == 0
    shown = subprocess.run(
        [sys.executable, "-m", "harness.cli", "leaderboard", "--format", "json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "BENCH_STORE": str(tmp_path / "store")},
    )
    (row,) = json.loads(shown.stdout)["rows"]
    assert row["method"] == "spread"
    for name in (
        "precision_at_1", "recall_at_1", "recall_at_2", "recall_at_4", "recall_at_8",
        "r_precision", "map_at_r", "nmi", "ami",
    ):  # fmt: skip
        interval = row["metrics"][name]
        assert interval["n"] == 2
        assert interval["low"] <= interval["mean"] <= interval["high"]
    assert row["metrics"]["precision_at_1"] == row["metrics"]["recall_at_1"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--methods", "spred"], "unknown method 'spred'; did you mean 'spread'?"),
        (["--methods", ""], "--methods: is empty: give a value, or leave it out"),
        (["--methods", ","], "names no method"),
        (["--methods", "spread", "--dataset", "glyfs"], "did you mean 'glyphs'?"),
        (["--methods", "spread", "--protocol", "smok"], "did you mean 'smoke'?"),
        (["--methods", "spread", "--set", "training.stps=3"], "did you mean 'steps'?"),
        (["--methods", "spread", "--with", "spread.weight=9"], "outside [0.1, 2]"),
        (["--methods", "spread", "--seeds", "4"], "has 3 replicates (allowed: 1..3)"),
        (["--methods", "spread", "--device", "cuda:99"], "torch sees"),
        (["--methods", "spread", "--device", "tpu"], "not a device"),
        (["--methods", "spread", "--plugin", "none.py"], "none.py: no such file"),
    ],
)
def test_a_slip_is_one_line_and_exit_code_2(tmp_path, plugin, arguments, line):
    ended = bench(tmp_path, *arguments)
    assert ended.returncode == 2
    assert line in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "store").exists()


def test_a_dry_run_prints_the_plan_and_touches_nothing(tmp_path, plugin):
    ended = bench(tmp_path, "--methods", "spread", "--seeds", "2", "--dry-run")
    assert ended.returncode == 0
    assert "4 of 4 runs to do" in ended.stdout
    assert "estimated time" in ended.stdout
    assert not (tmp_path / "store").exists()


def test_an_unlocked_protocol_is_marked(tmp_path, plugin):
    few = ["--set", "training.steps=3", "--seeds", "1", "--workers", "1"]
    ended = bench(tmp_path, "--methods", "spread", *few)
    assert ended.returncode == 0
    assert "unlocked" in ended.stdout
    assert records(tmp_path)[0].identity.unlocked == ("training.steps=3",)


def test_help_needs_nothing_heavy():
    code = (
        "import sys\n"
        "import harness.cli.main\n"
        "heavy = {'torch', 'numpy', 'pandas', 'scipy', 'sklearn', 'faiss', 'pydantic'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
