"""`bench publish` as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_says_what_it_wrote_and_writes_the_same_again(tmp_path, make_store):
    options = ("--store", make_store(), "--results", tmp_path / "results")
    path = tmp_path / "results" / "smoke" / "digits.json"
    first = bench("publish", "--no-audit", *options)
    assert first.returncode == 0
    assert first.stdout.startswith(f"wrote {path}: 1 method, 6 of 6 runs done, ")
    assert bench("publish", "--no-audit", *options).stdout.startswith(f"unchanged: {path}")


def test_an_unlocked_protocol_is_one_line_and_nothing_is_written(tmp_path, make_store):
    identity = {"unlocked": ("training.steps=4",), "protocol_digest": "u" * 64}
    store, results = make_store(identity=identity), tmp_path / "results"
    done = bench("publish", "--no-audit", "--store", store, "--results", results)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "its runs cannot be published" in done.stderr
    assert not results.exists()


def test_a_file_that_would_lose_runs_is_left_alone_unless_it_is_said(tmp_path, make_store):
    results = ("--results", tmp_path / "results")
    bench("publish", "--no-audit", "--store", make_store(), *results)
    fewer = make_store("fewer", seeds=range(1))
    done = bench("publish", "--no-audit", "--store", fewer, *results)
    assert done.returncode == 2
    assert "4 of its 6 runs are not in the store" in done.stderr
    assert bench("publish", "--no-audit", "--store", fewer, *results, "--replace").returncode == 0


def test_what_cannot_be_trained_again_is_published_and_not_said_to_be_audited(tmp_path, make_store):
    results = tmp_path / "results"
    done = bench("publish", "--store", make_store(), "--results", results)
    assert done.returncode == 0, done.stderr
    assert "could not be trained again here" in done.stderr
    (file,) = results.rglob("*.json")
    assert json.loads(file.read_text())["audited"] == []
