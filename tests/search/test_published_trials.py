"""A published board has the trials that chose its rows: verified, merged, drawn like a store's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.figures.charts import search_histories
from harness.figures.sources import load_sources
from harness.rescoring.rescore import RuleBook
from harness.rescoring.verify import verify_publication
from harness.results.merging import merge
from harness.results.publication import document_of, load_publication
from harness.results.publishing import build_publication, write_publication
from harness.results.source import StoreSource, open_source
from harness.store import Store


@pytest.fixture
def published(session, method, tmp_path):
    """A board of two searched methods, one of whose points fail, and its file."""
    one = method("one", wrong=lambda scale, **_: scale > 2.0)
    made = session(one, method("two"), folds=1, repeats=2, seeds=2)
    rules = made.bench.protocol.model_copy(update={"unlocked": ()})
    made.bench = replace(made.bench, protocol=rules)
    made.finish(made.search())
    publication = build_publication(made.store).publication
    path = tmp_path / "board.json"
    write_publication(publication, path)
    return made, publication, path


def problems(document):
    found = verify_publication(document, "board.json", RuleBook())
    # The protocol is of this test alone: none at hand has its digest.
    looked = [one for one in found if one.what != "protocol digest"]
    return [f"{one.what}: {problem}" for one in looked for problem in one.problems]


def test_the_file_has_every_trial_and_holds(published):
    made, publication, path = published
    trials = {record.run_id: record for record in made.store.records(trials=True)}
    again = load_publication(path).trials()
    assert {record.run_id for record in again} == set(trials)
    for record in again:
        known = trials[record.run_id]
        assert record.validation == known.validation
        assert record.declared == known.declared
        assert record.chosen_by == "trial"
    assert any(record.state == "failed" for record in again)
    assert problems(document_of(publication)) == []


def test_figures_and_parts_have_the_searches_of_the_file(published, tmp_path):
    made, publication, path = published
    with open_source(path) as source:
        of_file = [search_histories(one) for one in load_sources(source).entries]
    of_store = [search_histories(one) for one in load_sources(StoreSource(made.store)).entries]
    assert of_file == of_store
    assert all(len(history.trials) == 5 for one in of_file for history in one)
    assert sum(map(len, of_file)) == 4
    with Store.open(tmp_path / "merged", create=True) as store, open_source(path) as source:
        merge(source, store)
        assert build_publication(store).publication.methods == publication.methods


def edit(document, change):
    """A parsed file with a change to a searched row."""
    changed = json.loads(json.dumps(document))
    change(next(one for one in changed["methods"] if one["chosen_by"] == "search"))
    return changed


def test_a_row_that_is_not_at_its_best_trial_does_not_hold(published):
    _, publication, _ = published
    document = document_of(publication)

    def better(row):
        other = next(t for t in row["trials"] if t["trial"] != row["searched"]["best_trial"])
        other |= {"state": "done", "validation": 1.0}

    def fewer(row):
        del row["trials"][0]

    def scored(row):
        row["trials"][0]["scores"] = row["runs"][0]["scores"]

    def elsewhere(row):
        row["trials"][0]["hyperparameters"]["scale"] = 1.5

    for change, said in (
        (better, "as the best, at"),
        (fewer, "the file has 4"),
        (scored, "has test scores"),
        (elsewhere, "its id is not the digest of its identity"),
    ):
        assert any(said in problem for problem in problems(edit(document, change))), said
