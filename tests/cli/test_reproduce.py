"""`bench reproduce` as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.errors import UserError
from harness.store import Store

TOY = Path(__file__).parents[1] / "faults" / "toy.py"
SMALL = ["training.batch_size=8", "training.samples_per_class=2"]


def bench(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*arguments, "--plugin", str(TOY)])
    if isinstance(result.exception, UserError):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def store(tmp_path) -> Path:
    """Two runs of the toy method on digits."""
    where = ["--store", str(tmp_path / "store"), "--protocol", "smoke", "--workers", "1"]
    what = ["--methods", "spread", "--seeds", "1", "--set", SMALL[0], "--set", SMALL[1]]
    code, printed = bench("run", *where, *what)
    assert code == 0, printed
    return tmp_path / "store"


def change(store: Path, place: str, value: str) -> str:
    """Change the records as if they came from before there were digests of them."""
    changed = f"json_remove(json_set(record, '{place}', {value}), '$.digest')"
    with Store.open(store) as opened:
        opened._connection.execute(f"UPDATE runs SET record = {changed}")
        return opened.records()[1].run_id


def test_reproducing(store):
    with Store.open(store) as opened:
        run_id = opened.records()[1].run_id
    code, printed = bench("reproduce", run_id, "--store", str(store))
    assert (code, printed) == (0, f"run {run_id}: the same, bit for bit, embeddings included\n")

    change(store, "$.scores.values.map_at_r", "json_extract(record, '$.validation') + 0.5")
    code, printed = bench("reproduce", run_id, "--store", str(store))
    assert code == 1
    assert "NOT reproduced, though no known fact of the environment differs" in printed

    change(store, "$.environment.torch", "'0.1'")
    code, printed = bench("reproduce", run_id, "--store", str(store), "--tolerance", "1")
    assert code == 0
    assert "torch: was 0.1, is " in printed
    assert "reproduced within 1, in another environment" in printed

    with pytest.raises(UserError, match="holds no run nothing"):
        bench("reproduce", "nothing", "--store", str(store))
