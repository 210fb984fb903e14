"""Mappings that are made when they are read, and equal what they stand for."""

from __future__ import annotations

from harness.results.replicates import Deferred, Named


def test_a_deferred_mapping_is_made_once_and_not_before_it_is_read() -> None:
    made = []
    deferred = Deferred(lambda: made.append(1) or {"a": 1, "b": 2})
    assert made == []
    assert deferred == {"a": 1, "b": 2}
    assert (deferred["b"], list(deferred), len(deferred), deferred.get("c")) == (
        2,
        ["a", "b"],
        2,
        None,
    )
    assert made == [1]


def test_a_named_sequence_is_a_mapping() -> None:
    named = Named({"a": 0, "b": 1}, [0.5, None])
    assert named == {"a": 0.5, "b": None}
    assert named.get("c", 7) == 7
    assert dict(named) == {"a": 0.5, "b": None}
    assert repr(named) == "{'a': 0.5, 'b': None}"
