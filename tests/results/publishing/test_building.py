"""From a store to a publication and back: nothing is lost; what cannot be compared is refused."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import UserError
from harness.record import Concatenation
from harness.results import Selector
from harness.results.class_sums import mean_of_sums, rounding_bound
from harness.results.publication import parse_publication, publication_text
from harness.results.publishing import build_publication
from harness.store import Store


def build(path, **chosen):
    with Store.open(path) as store:
        return build_publication(store, **chosen)


def without_files(record):
    reason = record.reason and record.reason.model_copy(update={"traceback": ""})
    return record.model_copy(update={"artifact": None, "reason": reason})


def test_records_come_back_as_the_store_had_them(make_store, failed_fields):
    path = make_store(levels={"b": 0.4, "a": 0.6}, replace={("a", 1, 0): failed_fields})
    with Store.open(path) as store:
        stored = {record.run_id: without_files(record) for record in store.records()}
    text = publication_text(build(path).publication)
    again = {record.run_id: record for record in parse_publication(text, "text").records()}
    assert again == stored


def test_a_failed_run_stays_a_row_with_its_reason_and_without_its_traceback(
    make_store, failed_fields
):
    path = make_store(replace={("plain", 1, 0): failed_fields})
    text = publication_text(build(path).publication)
    assert "the loss was nan" in text
    assert "/secret" not in text


def test_concatenations_come_back_too(make_store):
    path = make_store()
    with Store.open(path) as store:
        runs = {(r.identity.seed, r.identity.fold): r for r in store.records()}
        ids = (runs[1, 0].run_id, runs[1, 1].run_id)
        joined = Concatenation(run_ids=ids, scores=runs[1, 0].scores)
        store.put_concatenation(joined)
    assert build(path).publication.concatenations() == [joined]


def test_scores_that_are_not_finite_survive(make_store, make_run):
    record, _ = make_run()
    scores = record.scores.model_copy(update={"values": {"map_at_r": float("nan")}})
    path = make_store(replace={("plain", 0, 0): {"scores": scores}})
    text = publication_text(build(path).publication)
    first = parse_publication(text, "text").records()[0]
    assert np.isnan(first.scores.values["map_at_r"])


def test_sums_by_class_give_the_scores_again(make_store):
    publication = build(make_store()).publication
    (test_set,) = publication.test_sets
    assert test_set.classes == (10, 11, 12, 13, 14, 15)
    assert test_set.queries == (4, 5, 6, 7, 8, 9)
    for run in publication.methods[0].runs:
        for metric, sums in run.class_sums.items():
            summed = mean_of_sums(sums, test_set.queries)
            assert abs(summed - run.scores.values[metric]) <= rounding_bound(test_set.queries)


def test_only_the_newest_version_of_a_method_is_published_and_the_others_are_named(
    make_store, make_run
):
    path = make_store()
    with Store.open(path) as store:
        store.put(*make_run("plain", draw=3, identity={"source": "newer"}))
    published = build(path)
    assert [method.source for method in published.publication.methods] == ["newer"]
    assert "6 runs of an earlier version are left out" in published.notes[0]


def test_an_unlocked_protocol_is_refused(make_store):
    path = make_store(identity={"unlocked": ("training.steps=4",), "protocol_digest": "u" * 64})
    with pytest.raises(UserError, match=r"unlocked \(training.steps=4\).*cannot be published"):
        build(path)


def test_runs_of_two_protocol_digests_are_refused_unless_one_is_chosen(make_store):
    path = make_store()
    make_store(identity={"protocol_digest": "o" * 64})
    with pytest.raises(UserError, match="several boards, and their runs are never mixed"):
        build(path)
    assert build(path, protocol="oooooo").publication.protocol_digest == "o" * 64


@pytest.mark.parametrize(
    ("fact", "value"),
    [("training_semantics", "2"), ("trunk", "acme 2.0 abcdef"), ("dataset_digest", "eeeeee")],
)
def test_every_board_of_a_store_can_be_published(make_store, fact, value):
    path = make_store()
    own = {"training_semantics": 2, "dataset_digest": "e" * 64}.get(fact, value)
    make_store(levels={"odd": 0.4}, identity={fact: own})
    published = build(path, select=Selector.parse(only=[f"{fact}={value}"]))
    assert [method.method for method in published.publication.methods] == ["odd"]


def test_runs_that_did_not_start_alike_are_left_out_and_named(make_store):
    path = make_store(levels={"a": 0.5, "b": 0.5}, replace={("b", 1, 0): {"init_digest": "other"}})
    published = build(path)
    assert [len(method.runs) for method in published.publication.methods] == [6, 5]
    assert "left out: 1 run of b: their initial weights" in published.notes[0]


@pytest.mark.parametrize("digest", ["init_digest", "batches_digest"])
def test_a_run_without_a_digest_is_refused(make_store, digest):
    path = make_store(replace={("plain", 2, 1): {digest: None}})
    with pytest.raises(UserError, match="has no digest of its"):
        build(path)


def test_a_run_without_scores_by_query_is_refused(make_store, make_run):
    path = make_store()
    with Store.open(path) as store:
        store.put(make_run("bare")[0])
    with pytest.raises(UserError, match="could not be compared class by class"):
        build(path)


def test_a_store_without_a_single_score_is_refused(make_store, failed_fields):
    path = make_store(**failed_fields)
    with pytest.raises(UserError, match="no run ended in scores"):
        build(path)


def test_runs_scored_by_other_semantics_are_left_out_and_named(make_store, make_run):
    scores = make_run()[0].scores.model_copy(update={"semantics": 2})
    path = make_store(replace={("plain", 0, 0): {"scores": scores}})
    published = build(path)
    assert published.publication.semantics.scoring == 1
    assert "of another scoring semantics (2; here 1)" in published.notes[0]
