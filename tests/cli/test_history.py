"""`bench history` over a folder and over git."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.history.collecting import from_git, in_git


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def versions(tmp_path, make_store, publish) -> list[Path]:
    """Six publications of three seeds: from the fourth on `a` is worse."""
    found = []
    for place in range(6):
        levels = {"a": 0.6 if place < 3 else 0.5, "b": 0.6}
        store = make_store(f"store{place}", levels=levels, noise=0.004, draw=place)
        found.append(publish(store, f"version{place}"))
    return found


def changes(done: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in json.loads(done.stdout):
        found.setdefault(row["method"], []).append(row["change"].partition(" ")[0])
    return found


def test_a_folder_is_read_by_date_and_the_change_is_marked(tmp_path, versions):
    folder = tmp_path / "all"
    folder.mkdir()
    for place, file in enumerate(versions):
        shutil.copy(file, folder / f"{9 - place}.json")  # names say nothing of their order
    done = bench("history", folder, "--format", "json")
    assert changes(done) == {"a": ["", "", "", "WORSE", "", ""], "b": [""] * 6}


def test_what_a_store_holds_comes_last_and_is_read_as_its_board_is(tmp_path, versions):
    store = tmp_path / "store4"
    done = bench("history", versions[0], "--store", store, "--methods", "a", "--format", "json")
    first, last = json.loads(done.stdout)
    assert (first["version"], last["version"]) == (versions[0].name, "store4")
    board = json.loads(bench("leaderboard", store, "--format", "json").stdout)
    (row,) = (row for row in board["rows"] if row["method"] == "a")
    assert row["metrics"]["map_at_r"] == {
        "mean": last["mean"], "low": last["low"], "high": last["high"], "n": last["replicates"]
    }  # fmt: skip


def test_a_metric_that_no_version_has_is_refused(versions):
    """It was a table of blanks that ended well."""
    done = bench("history", versions[0], "--metric", "recall_at_17")
    assert done.returncode == 2
    assert "unknown metric 'recall_at_17'" in done.stderr


def test_costs_have_a_history_too(versions):
    found = bench("history", versions[0], "--metric", "training_seconds", "--format", "json")
    assert {row["method"]: row["replicates"] for row in json.loads(found.stdout)} == {
        "a": 3,
        "b": 3,
    }


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def test_the_commits_of_a_file_are_its_history(tmp_path, versions):
    repository = tmp_path / "repository"
    file = repository / "results" / "smoke" / "digits.json"
    file.parent.mkdir(parents=True)
    git(repository, "init", "-q")
    for place, version in enumerate(versions[:5]):
        shutil.copy(version, file)
        git(repository, "add", ".")
        git(repository, "commit", "-q", "-m", f"version {place}")
    shutil.copy(versions[5], file)  # not committed: the newest step
    for path in (repository / "results", file):
        done = bench("history", path, "--format", "json", "--methods", "a")
        assert changes(done) == {"a": ["", "", "", "WORSE", "", ""]}
    assert json.loads(done.stdout)[5]["version"] == "digits.json"


def test_in_a_hook_of_another_repository_the_paths_own_history_is_read(
    tmp_path, versions, monkeypatch
):
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        git(tmp_path / name, "init", "-q")
    file = tmp_path / "own" / "digits.json"
    shutil.copy(versions[0], file)
    git(tmp_path / "own", "add", ".")
    git(tmp_path / "own", "commit", "-q", "-m", "first")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert from_git(file).snapshots
    assert in_git(file)


def test_what_is_no_publication_is_named(tmp_path, versions):
    shutil.copy(versions[0], tmp_path / "version0" / "again.json")
    (tmp_path / "version0" / "notes.json").write_text("{}")
    done = bench("history", tmp_path / "version0", "--source", "folder")
    assert done.returncode == 0
    assert "notes.json: is no published leaderboard" in done.stdout
    assert "0 change points in 2 series of 1 snapshot" in done.stdout


def test_an_empty_folder_is_code_3_and_slips_are_code_2(tmp_path, versions):
    (tmp_path / "empty").mkdir()
    assert bench("history", tmp_path / "empty").returncode == 3
    assert bench("history", tmp_path / "nowhere").returncode == 2
    slip = bench("history", tmp_path / "version0", "--methods", "aa")
    assert slip.returncode == 2
    assert "did you mean 'a'" in slip.stderr
