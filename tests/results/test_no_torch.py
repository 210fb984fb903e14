"""The wall behind the Store: what reads Records never imports what trains."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness

HEAVY = {"torch", "torchvision", "faiss", "sklearn", "pytorch_metric_learning", "optuna", "ray"}
LIVE = ("training", "models", "execution", "scoring", "data")
ROOMS = ("store", "statistics", "leaderboard", "comparison", "table")
FILES = [
    file for room in ROOMS for file in sorted((Path(harness.__file__).parent / room).rglob("*.py"))
]

USE_ALL = """
import sys
from pathlib import Path
from harness.cli.leaderboard import leaderboard
from harness.results import load_board
from harness.results.display import render_board
from harness.record import Record
from harness.store import Store
from harness.table import FORMATS

with Store.open(sys.argv[1], create=True) as store:
    for line in Path(sys.argv[1], "records.jsonl").read_text().splitlines():
        store.put(Record.model_validate_json(line))
    for form in FORMATS:
        render_board(load_board(store), form)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_file_behind_the_store_imports_what_trains(file: Path) -> None:
    names = set(imported(file))
    assert not {name for name in names if name.partition(".")[0] in HEAVY}
    assert not {name for name in names if name.startswith(tuple(f"harness.{r}" for r in LIVE))}


def test_reading_a_store_loads_no_torch(tmp_path: Path, replicate: object) -> None:
    assert callable(replicate)
    records = [record for seed in (0, 1) for record in replicate(seed=seed)]
    lines = [record.model_dump_json() for record in records]
    (tmp_path / "records.jsonl").write_text("\n".join(lines))
    command = [sys.executable, "-c", USE_ALL, str(tmp_path)]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert not HEAVY & set(loaded)
