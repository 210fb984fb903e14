"""kill -9 at any moment: every committed row and its arrays are there, and the store is sound."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.record import Record
from harness.store import Store
from harness.store.excerpts import excerpts_of, runs_without

MakeRecord = Callable[..., Record]

WRITER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from harness.record import Record
from harness.store import Store

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after(function):
    def wrapped(*arguments):
        function(*arguments)
        die()
    return wrapped

def records():
    for line in Path(folder, "todo.jsonl").read_text().splitlines():
        record = Record.model_validate_json(line)
        yield record
    while moment == "from outside":
        identity = record.identity.model_copy(update={"seed": record.identity.seed + 1})
        record = record.model_copy(update={"identity": identity})
        yield record

folder, moment = sys.argv[1:]
store = Store.open(folder, create=True)
for record in records():
    if record.identity.seed == 2:
        if moment == "before the artifact is on the disk":
            os.fsync = die
        if moment == "before the artifact has its name":
            os.replace = die
        if moment == "after the artifact has its name":
            os.replace = die_after(os.replace)
        if moment == "between the row and its excerpt":
            store._connection.set_trace_callback(lambda sql: "INTO excerpts" in sql and die())
        if moment == "before the commit":
            store._connection.set_trace_callback(lambda sql: sql == "COMMIT" and die())
        if moment == "after the commit":
            store._remove_unless_named = die
    store.put(record, {"embeddings": np.full(1000, record.identity.seed)})
    print(record.run_id, flush=True)
"""


def start(folder: Path, records: list[Record], moment: str) -> subprocess.Popen[str]:
    lines = [record.model_dump_json() for record in records]
    (folder / "todo.jsonl").write_text("\n".join(lines))
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), moment], stdout=subprocess.PIPE, text=True
    )


def assert_sound(folder: Path, committed: list[str]) -> None:
    with Store.open(folder) as store:
        found = store.records()
        assert [record.run_id for record in found][: len(committed)] == committed
        for record in found:
            expected = np.full(1000, record.identity.seed)
            np.testing.assert_array_equal(store.arrays(record)["embeddings"], expected)
        assert runs_without(store._connection) == []
        assert [one for scope in store.scopes() for one in store.excerpts(scope)] == (
            excerpts_of(found)
        )


@pytest.mark.parametrize(
    ("moment", "rows"),
    [
        ("before the artifact is on the disk", 2),
        ("before the artifact has its name", 2),
        ("after the artifact has its name", 2),
        ("between the row and its excerpt", 2),
        ("before the commit", 2),
        ("after the commit", 3),
    ],
)
def test_a_writer_killed_at_one_moment_loses_at_most_that_run(
    tmp_path: Path, record: MakeRecord, moment: str, rows: int
) -> None:
    process = start(tmp_path, [record(seed=seed) for seed in range(5)], moment)
    committed = process.communicate(timeout=600)[0].split()
    assert process.returncode == -signal.SIGKILL
    assert_sound(tmp_path, committed)
    with Store.open(tmp_path) as store:
        assert len(store.run_states()) == rows


def test_the_same_writer_finishes_what_a_killed_one_left(
    tmp_path: Path, record: MakeRecord
) -> None:
    records = [record(seed=seed) for seed in range(5)]
    start(tmp_path, records, "before the commit").communicate(timeout=600)
    finished = start(tmp_path, records, "never").communicate(timeout=600)[0].split()
    assert_sound(tmp_path, finished)
    assert len(finished) == 5


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.019])
def test_a_writer_killed_from_outside_leaves_a_sound_store(
    tmp_path: Path, record: MakeRecord, delay: float
) -> None:
    process = start(tmp_path, [record(seed=0)], "from outside")
    assert process.stdout is not None
    committed = [process.stdout.readline().strip() for _ in range(20)]
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    # By the reader that may hold lines already: `communicate` with a timeout would pass them over.
    committed += process.stdout.read().split("\n")[:-1]
    assert process.wait() == -signal.SIGKILL
    assert_sound(tmp_path, committed)
