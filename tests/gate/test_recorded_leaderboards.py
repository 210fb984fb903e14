"""The gate on this project's own recorded leaderboards: the demonstration that CI runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.rescoring.rescore import RuleBook
from harness.rescoring.verify import verify_publication
from harness.results.publication import content_digest

RESULTS = Path(__file__).resolve().parents[2] / "results"
FILES = sorted(path for path in RESULTS.rglob("*.json") if path.parent.name != "user-corrected")
SMOKE = RESULTS / "smoke" / "digits.json"


def gate(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", "gate", "--baseline", SMOKE, *options]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def worsened(path: Path, by: float, *, more: float) -> tuple[Path, str]:
    """The smoke leaderboard with one method's MAP@R lowered by about as much in every run.

    `more`: by how much more from seed to seed. It is sealed again.
    """
    document = json.loads(SMOKE.read_text())
    method = document["methods"][0]
    for run in method["runs"]:
        run["scores"]["values"]["map_at_r"] -= by + more * run["seed"]
    document["content_digest"] = content_digest(document)
    path.write_text(json.dumps(document))
    return path, method["method"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(RESULTS).as_posix())
def test_every_recorded_leaderboard_holds(file):
    findings = verify_publication(json.loads(file.read_text()), str(file), RuleBook())
    assert [f"{f.what}: {problem}" for f in findings for problem in f.problems] == []


def test_an_equal_leaderboard_passes():
    done = gate("--candidate", SMOKE)
    assert done.returncode == 0
    assert "gate: pass" in done.stdout


def test_an_artificially_worsened_method_fails_with_code_1(tmp_path):
    path, method = worsened(tmp_path / "worse.json", 0.05, more=0.0001)
    done = gate("--candidate", path)
    assert done.returncode == 1
    assert done.stdout.startswith(f"regression   {method}: MAP@R")
    assert "1 regression" in done.stdout.splitlines()[-1]


def test_three_seeds_that_are_worse_by_the_same_have_shown_no_noise(tmp_path):
    path, method = worsened(tmp_path / "worse.json", 0.05, more=0.0)
    done = gate("--candidate", path)
    assert done.returncode == 5
    assert done.stdout.startswith(f"inconclusive {method}: MAP@R")
    assert "the same difference in each replicate, so no noise was measured" in done.stdout


def test_an_empty_store_gives_code_3(make_store):
    done = gate("--store", make_store(levels={}))
    assert done.returncode == 3
    assert "nothing was measured" in done.stderr
