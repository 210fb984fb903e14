"""Several processes write one store: no run twice, none lost, every array as its row says."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from harness.record import Record
from harness.store import Store

WRITER = """
import os, sys
from pathlib import Path
import numpy as np
from harness.record import Record
from harness.store import Store

with Store.open(Path(sys.argv[1], "store"), create=True) as store:
    for line in Path(sys.argv[1], "todo.jsonl").read_text().splitlines():
        store.put(Record.model_validate_json(line), {"writer": np.full(9, os.getpid())})
"""


def test_writers_of_the_same_runs_store_each_once(
    tmp_path: Path, record: Callable[..., Record]
) -> None:
    records = [record(seed=seed) for seed in range(30)]
    lines = [one.model_dump_json() for one in records]
    (tmp_path / "todo.jsonl").write_text("\n".join(lines))
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command) for _ in range(3)]
    assert [writer.wait(timeout=600) for writer in writers] == [0, 0, 0]
    with Store.open(tmp_path / "store") as store:
        found = store.records()
        assert {one.run_id for one in found} == {one.run_id for one in records}
        assert all(len(store.arrays(one)["writer"]) == 9 for one in found)
    assert len(list((tmp_path / "store" / "artifacts").iterdir())) == len(records)
