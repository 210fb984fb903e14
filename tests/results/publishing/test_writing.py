"""Writing a publication loses nothing."""

from __future__ import annotations

import os

import pytest

from harness.errors import UserError
from harness.results.publication import load_publication
from harness.results.publishing import build_publication, results_path, write_publication
from harness.store import Store


def publication_of(path):
    with Store.open(path) as store:
        return build_publication(store).publication


def test_it_goes_to_protocol_and_dataset(tmp_path, make_store, publish):
    assert publish(make_store()) == tmp_path / "results" / "smoke" / "digits.json"


def test_names_cannot_leave_the_folder(tmp_path, make_store):
    publication = publication_of(make_store()).model_copy(update={"dataset": "../../x"})
    with pytest.raises(UserError, match="cannot be the name of a file"):
        results_path(tmp_path, publication)


def test_the_same_store_changes_nothing(tmp_path, make_store, publish):
    store = make_store()
    path = publish(store)
    assert not write_publication(publication_of(store), path)


def test_more_runs_grow_the_file(make_store, publish):
    path = publish(make_store(seeds=range(2)))
    assert write_publication(publication_of(make_store(seeds=range(3))), path)
    assert len(load_publication(path).records()) == 6


def test_runs_that_would_be_lost_are_kept_unless_it_is_said(make_store, publish):
    path = publish(make_store())
    before = path.read_bytes()
    fewer = publication_of(make_store("fewer", seeds=range(2)))
    with pytest.raises(UserError, match="2 of its 6 runs are not in the store and would be lost"):
        write_publication(fewer, path)
    assert path.read_bytes() == before
    assert write_publication(fewer, path, replace=True)


@pytest.mark.parametrize("content", ["somebody's notes", '{"rows": []}', '{"format": 99}'])
def test_what_is_no_publication_is_not_written_over(tmp_path, make_store, content):
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(UserError, match="nothing is written over it"):
        write_publication(publication_of(make_store()), path)
    assert path.read_text() == content


def test_a_write_that_is_interrupted_leaves_the_file_as_it_was(make_store, publish, monkeypatch):
    path = publish(make_store(seeds=range(2)))
    before = path.read_bytes()
    more = publication_of(make_store(seeds=range(3)))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="cannot be written: No space left"):
        write_publication(more, path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
