"""By what embeddings are compared: the protocol's, or where lengths are left the method's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.execution.run import execute
from harness.scoring import map_at_r


@pytest.fixture
def lengths(bench, short_protocol):
    """The bench, of a protocol that leaves embeddings their lengths and compares by angle."""
    backbone = short_protocol.backbone.model_copy(update={"normalize": False})
    return replace(bench, protocol=short_protocol.model_copy(update={"backbone": backbone}))


def scored(method, bench, planned):
    record, arrays = execute(planned(method), bench)
    measured = {
        distance: map_at_r(arrays["test_embeddings"], arrays["test_labels"], distance=distance)
        for distance in ("cosine", "euclidean")
    }
    (how,) = (name for name, value in measured.items() if value == record.scores.values["map_at_r"])
    return how, record


@pytest.mark.parametrize("declared", ["cosine", "euclidean"])
def test_lengths_count_for_a_method_that_compares_by_distance(
    declared, lengths, planned, make_method, spread_objective
):
    method = make_method(spread_objective, comparison=declared)
    how, record = scored(method, lengths, planned)
    assert how == declared
    assert record.declared.comparison == declared


def test_validation_compares_as_the_test_does(lengths, planned, make_method, spread_objective):
    histories = {
        declared: scored(make_method(spread_objective, comparison=declared), lengths, planned)[1]
        for declared in ("any", "cosine", "euclidean")
    }
    chosen = {declared: record.selected.history for declared, record in histories.items()}
    assert chosen["any"] == chosen["cosine"] != chosen["euclidean"]


def test_an_objective_is_told_by_what_it_will_be_compared(
    lengths, planned, make_method, spread_objective, notes
):
    for comparison in ("any", "euclidean"):
        method = make_method(spread_objective, comparison=comparison)
        build = method.build

        def tell(point, context, build=build):
            notes((context.distance, context.normalized))
            return build(point, context)

        execute(planned(replace(method, build=tell)), lengths)
    assert notes.read() == [("cosine", False), ("euclidean", False)]


def test_normalised_embeddings_are_compared_as_the_protocol_has_it(
    bench, planned, make_method, spread_objective
):
    asks = execute(planned(make_method(spread_objective, comparison="euclidean")), bench)[0]
    plain = execute(planned(make_method(spread_objective)), bench)[0]
    assert asks.scores == plain.scores
