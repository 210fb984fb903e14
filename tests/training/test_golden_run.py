"""A golden run: what a training computes must not change unless its semantics number does."""

from __future__ import annotations

import pytest

from harness.training import TRAINING_SEMANTICS

# If a change moves these on purpose, raise TRAINING_SEMANTICS and write the new values here.
GOLDEN = {
    "semantics": 2,
    "init_digest": "f5c4070caf283322",
    "batches_digest": "ce57d590c17824d3",
    "map_at_r": 0.27352,
    "validation": (0.53056, 0.60815, 0.52889),
}


def test_a_run_computes_what_it_did_when_its_semantics_number_was_given(run_method, spread):
    record = run_method(spread)
    assert GOLDEN["semantics"] == TRAINING_SEMANTICS
    assert record.init_digest == GOLDEN["init_digest"]
    assert record.batches_digest == GOLDEN["batches_digest"]
    # Other processors round differently; a change of meaning is far larger than that.
    assert record.scores.values["map_at_r"] == pytest.approx(GOLDEN["map_at_r"], abs=0.02)
    assert [value for _, value in record.selected.history] == pytest.approx(
        GOLDEN["validation"], abs=0.02
    )
