"""`bench run --data PATH`: a person's own data, split by how many classes they have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.rescoring import RuleBook, verify_store
from harness.results import load_board
from harness.store import Store

UNTRAINED = """
from harness import Method, hookimpl


@hookimpl
def bench_methods():
    return [Method(name="as-it-is", build=lambda *_: None, summary="s", reference="r",
                   trained=False)]
"""


@pytest.mark.parametrize(("classes", "kind"), [(12, "class-disjoint"), (3, "closed-set")])
def test_own_data_run_and_can_be_verified(tmp_path: Path, classes: int, kind: str) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 255, (classes * 12, 12, 12), dtype=np.uint8)
    labels = np.repeat(np.arange(classes), 12)
    np.savez(tmp_path / "mine.npz", images=images, labels=labels)
    (tmp_path / "plugin.py").write_text(UNTRAINED)
    options = ["--data", str(tmp_path / "mine.npz"), "--plugin", str(tmp_path / "plugin.py")]
    options += ["--methods", "as-it-is", "--protocol", "smoke", "--seeds", "1", "--workers", "1"]
    store = tmp_path / "store"
    ended = CliRunner().invoke(app, ["run", *options, "--store", str(store)])
    assert ended.exit_code == 0, ended.output
    assert kind in ended.stderr.splitlines()[0]
    with Store.open(store) as opened:
        board = load_board(opened)
        findings = list(verify_store(opened, RuleBook()))
    assert board.unlocked == (f"data={board.dataset}:{kind}",)
    assert findings
    assert not [finding for finding in findings if finding.problems]
