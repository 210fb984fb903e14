"""The audit's table: what is a mean, and what is not known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from harness.record import Audit, Parameters
from harness.report.sections import AUDITED, NONE, _audited


def entry(*shares: float | None) -> Any:
    """A method of as many runs, each of 4 seconds, of which a share waited for batches."""
    records = [
        SimpleNamespace(
            state="done",
            audit=Audit(
                steps=3,
                images_embedded=6,
                backward_passes=3,
                zero_gradients=0,
                input_seconds=None if share is None else 4 * share,
                training_seconds=4.0,
                seconds=5.0,
                peak_memory_bytes=None,
                parameters=Parameters(trunk=1, head=2, objective=0),
            ),
            init_digest=None,
            batches_digest=None,
        )
        for share in shares
    ]
    return SimpleNamespace(label="toy", records=records, representative=lambda: None)


def cells(*shares: float | None) -> dict[str, str]:
    """The table's only row, by the heads of its columns."""
    return dict(zip(AUDITED, _audited(entry(*shares)), strict=True))


def test_the_share_that_waited_for_batches_is_a_mean_over_runs() -> None:
    row = cells(0.02, 0.05)
    assert (row["training s"], row["of it input"], row["run s"]) == ("4.0", "3.5%", "5.0")


def test_runs_that_did_not_measure_it_are_left_out() -> None:
    assert cells(None, 0.25)["of it input"] == "25.0%"
    assert cells(None)["of it input"] == cells()["of it input"] == NONE
