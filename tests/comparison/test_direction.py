"""Which way a metric is better."""

from pathlib import Path

import pytest

from harness.comparison import higher_is_better
from harness.errors import UserError

PLUGIN = """
from harness import Metric, hookimpl

@hookimpl
def bench_metrics():
    return [
        Metric(name="spill", compute=lambda e, y: 0.0, summary="less is better",
               higher_is_better=False)
    ]
"""


def test_locked_metrics_are_better_when_higher() -> None:
    assert higher_is_better("map_at_r")


def test_a_plugins_metric_is_asked_of_its_plugin(tmp_path: Path) -> None:
    file = tmp_path / "spill.py"
    file.write_text(PLUGIN)
    assert not higher_is_better("spill", [file])


def test_a_metric_whose_plugin_is_missing_is_not_guessed() -> None:
    with pytest.raises(UserError, match="nobody says which way is better"):
        higher_is_better("spill")
