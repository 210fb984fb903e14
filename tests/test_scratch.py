"""Folders for a while: who is killed leaves them to the next."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness import scratch
from harness.sandbox import Fence

OWNER = {
    "the folder of a run": "from harness.sandbox import Fence; made = Fence(()).folder",
    "a dataset on its way": (
        "from harness.scratch import scratch_folder; "
        "entered = scratch_folder('dataset'); made = entered.__enter__()"
    ),
}
CLOSED = "; import os; os.mkdir(f'{made}/in'); open(f'{made}/in/x', 'w'); os.chmod(f'{made}/in', 0)"
WAITS = "; print(made, flush=True); input()"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of its own: in the system's are the folders of who works beside."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def owner(code: str, place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    command = [sys.executable, "-c", code + CLOSED + WAITS]
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


@pytest.mark.parametrize("kind", OWNER)
def test_what_a_killed_process_left_is_removed_by_the_next(kind: str, place: Path) -> None:
    with owner(OWNER[kind], place) as (process, left), owner(OWNER[kind], place) as (_, held):
        assert left.is_dir()
        process.kill()
        process.wait()
        mine = Fence(())
        assert not left.exists()
        assert held.is_dir()
        mine.remove()
        assert not Path(mine.folder).exists()


def test_what_is_nobody_s_but_no_folder_of_ours_stays(place: Path) -> None:
    kept = place / "kept"
    kept.mkdir()
    (place / "bench-held-run-link").symlink_to(kept)
    (place / "bench-run-of-an-earlier-version").mkdir()
    (place / "bench-held-run-file").write_text("x")
    with scratch.scratch_folder("run"):
        assert len(os.listdir(place)) == 5
    assert kept.is_dir()
    assert len(os.listdir(place)) == 4
