"""The text of a publication: sorted, diffable, and sealed by a digest."""

from __future__ import annotations

import json

import pytest

from harness.errors import NotComparable, UserError
from harness.results.publication import load_publication, publication_text
from harness.results.publishing import build_publication
from harness.store import Store


def text_of(path) -> str:
    with Store.open(path) as store:
        return publication_text(build_publication(store).publication)


def test_the_order_in_which_runs_came_does_not_matter(make_store):
    first = make_store("first", levels={"a": 0.4, "b": 0.5})
    second = make_store("second", levels={"b": 0.5}, seeds=range(2, 3))
    make_store("second", levels={"b": 0.5, "a": 0.4})
    assert text_of(first) == text_of(second)


def test_one_more_run_is_one_more_line_and_what_follows_from_it(make_store):
    few, more = make_store("few", seeds=range(2)), make_store("more", seeds=range(3))
    before, after = (
        [line.strip().rstrip(",") for line in text_of(path).splitlines()] for path in (few, more)
    )
    runs = [line for line in after if line not in before and '"fold"' in line]
    assert len(after) - len(before) == len(runs) == 2
    assert [json.loads(run)["seed"] for run in runs] == [2, 2]


def test_a_run_takes_little_room(make_store):
    lines = [line for line in text_of(make_store()).splitlines() if '"fold"' in line]
    assert max(map(len, lines)) < 1000


def test_a_changed_digit_is_found(make_store, publish):
    path = publish(make_store())
    text = path.read_text()
    value = json.loads(text)["methods"][0]["runs"][0]["scores"]["values"]["map_at_r"]
    path.write_text(text.replace(str(value), str(value + 0.1), 1))
    with pytest.raises(NotComparable, match="was changed after it was published"):
        load_publication(path)


def test_white_space_is_no_change(make_store, publish):
    path = publish(make_store())
    before = load_publication(path)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4))
    assert load_publication(path) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "is no published leaderboard"),
        ("[1]", "is no published leaderboard"),
        ('{"format": 1, "rows": []}', "is no published leaderboard"),
        ('{"format": 0, "methods": [], "content_digest": ""}', "was changed after"),
    ],
)
def test_foreign_files_are_a_line(tmp_path, text, said):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UserError, match=said):
        load_publication(path)


def test_binary_and_missing_files_are_a_line(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is no JSON, and no text"):
        load_publication(tmp_path / "x.json")
    with pytest.raises(UserError, match="there is no such file"):
        load_publication(tmp_path / "y.json")
