"""`make_record`: a Record without a run, for whoever tests what reads Records."""

from harness.record import Record
from harness.testing import make_record


def test_a_record_is_as_the_store_would_hold_it():
    record = make_record("mine", seed=2, fold=1, values=0.5)
    assert Record.model_validate_json(record.model_dump_json()) == record
    assert (record.identity.method, record.identity.seed, record.identity.fold) == ("mine", 2, 1)
    assert record.scores.values == {"map_at_r": 0.5}


def test_any_part_can_be_varied():
    record = make_record(
        values={"map_at_r": 0.5, "nmi": 0.1},
        identity={"dataset": "digits"},
        declared={"members": 3},
        scores={"extra": {"mine": 1.0}},
        audit=None,
        chosen_by="given",
    )
    assert (record.identity.dataset, record.declared.members) == ("digits", 3)
    assert (record.scores.extra, record.audit, record.chosen_by) == ({"mine": 1.0}, None, "given")


def test_a_run_without_values_has_no_scores():
    assert make_record(values=None, state="failed").scores is None
