"""A published leaderboard that contradicts itself is refused, though its digest was made anew."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UserError
from harness.rescoring.rescore import RuleBook
from harness.rescoring.verify import verify_publication
from harness.results import load_board
from harness.results.publication import DIGEST, content_digest, load_publication
from harness.results.publishing import build_publication
from harness.store import Store

RUN = ("methods", 0, "runs", 0)
CHANGES: dict[str, tuple[tuple[str | int, ...], Any, str]] = {
    "another id": ((*RUN, "id"), "f" * 20, "its id is not the digest of its identity"),
    "another seed": ((*RUN, "seed"), 5, "joined folds|its id is not the digest"),
    "a seed below 0": ((*RUN, "seed"), -1, "greater than or equal to 0"),
    "a seed beyond all": ((*RUN, "seed"), 10**30, "less than"),
    "a fold beyond the last": ((*RUN, "fold"), 7, "a run of fold 7, of 2"),
    "a fold twice": ((*RUN, "fold"), 1, "2 runs of seed 0, fold 1"),
    "failed with scores": ((*RUN, "state"), "failed", "is failed with scores"),
    "done without scores": ((*RUN, "scores"), None, "is done without scores"),
    "other semantics": ((*RUN, "scores", "semantics"), 9, "was scored under semantics 9"),
    "fewer queries": ((*RUN, "scores", "queries"), 1, "queries: recorded 1, its classes have"),
    "fewer sums": ((*RUN, "class_sums", "map_at_r"), [1.0], "map_at_r: 1 sums for 6 classes"),
    "sums that are no numbers": (
        (*RUN, "class_sums", "map_at_r"),
        ["NaN"] * 6,
        "map_at_r: a class scores outside 0 to 1",
    ),
    "a class twice": (("test_sets", 0, "classes"), [1] * 6, "its test set has a class twice"),
    "more images than can be": ((*RUN, "audit", "images_embedded"), 10**400, "should be less"),
    "fewer steps than none": ((*RUN, "audit", "steps"), -1, "greater than or equal to 0"),
    "no backbone": (("methods", 0, "declared", "members"), 0, "greater than or equal to 1"),
    "no such test set": ((*RUN, "test_set"), 4, "its test set is not listed"),
    "a test set from behind": ((*RUN, "test_set"), -1, "greater than or equal to 0"),
    "no such environment": ((*RUN, "environment"), 4, "its environment or its test set is not"),
    "an environment from behind": ((*RUN, "environment"), -1, "greater than or equal to 0"),
    "another point": (("methods", 0, "hyperparameters"), {"margin": 0.9}, "its id is not"),
    "other libraries": (("methods", 0, "libraries"), ["losses 9"], "its id is not"),
    "another trunk": (("methods", 0, "trunk"), "other 1", "its id is not"),
    "another method": (("methods", 0, "method"), "other", "its id is not"),
    "joined folds of no seed": (("methods", 0, "joined", 0, "seed"), 9, "joined folds of seed 9"),
    "no runs": (("methods", 0, "runs"), [], "at least 1 item"),
    "no methods": (("methods",), [], "at least 1 item"),
    "no environments": (("environments",), [], "its environment or its test set is not listed"),
    "no queries": (("test_sets", 0, "queries"), [0] * 6, "a class twice, or one without queries"),
    "folds fewer": (("folds",), 1, "a run of fold 1, of 1"),
    "no folds": (("folds",), 0, "greater than or equal to 1"),
    "no replicates": (("replicates",), 0, "greater than or equal to 1"),
    "another protocol": (("protocol",), "other", "its id is not"),
    "another protocol digest": (("protocol_digest",), "0" * 64, "its id is not"),
    "another dataset": (("dataset",), "../other", "its id is not"),
    "another dataset digest": (("dataset_digest",), "", "its id is not"),
    "other training semantics": (("semantics", "training"), 99, "its id is not"),
    "other scoring semantics": (("semantics", "scoring"), 99, "was scored under semantics"),
}


@pytest.fixture
def document(make_store: Any, publish: Any) -> dict[str, Any]:
    store = make_store(levels={"a": 0.4, "b": 0.5})
    with Store.open(store) as opened:
        assert build_publication(opened).publication.methods[0].joined == ()
    found: dict[str, Any] = json.loads(publish(store).read_text())
    scores = copy.deepcopy(found["methods"][0]["runs"][0]["scores"])
    found["methods"][0]["joined"] = [{"seed": 0, "scores": scores}]
    return found


def sealed(document: dict[str, Any], path: Path) -> Path:
    document[DIGEST] = content_digest(document)
    path.write_text(json.dumps(document))
    return path


def test_one_that_does_not_is_read(document: dict[str, Any], tmp_path: Path) -> None:
    assert len(load_board(sealed(document, tmp_path / "good.json")).rows) == 2


@pytest.mark.parametrize("kind", CHANGES)
def test_one_changed_field_is_refused_in_one_line_and_verified_without_a_traceback(
    kind: str, document: dict[str, Any], tmp_path: Path
) -> None:
    (*way, last), value, said = CHANGES[kind]
    place: Any = document
    for step in way:
        place = place[step]
    place[last] = value
    path = sealed(document, tmp_path / "changed.json")
    with pytest.raises(UserError, match=said) as found:
        load_board(path)
    assert "\n" not in str(found.value)
    try:
        checked = list(verify_publication(document, str(path), RuleBook()))
    except UserError:
        return  # it does not parse
    assert any(one.problems for one in checked)


def test_a_row_that_stands_twice_is_refused(document: dict[str, Any], tmp_path: Path) -> None:
    document["methods"].append(copy.deepcopy(document["methods"][0]))
    with pytest.raises(UserError, match="stands there 2 times"):
        load_publication(sealed(document, tmp_path / "twice.json"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"map_at_r": 0.9}, "map_at_r: recorded 0.900000, its classes give"),
        ({}, "map_at_r: sums by class, and no score"),
    ],
)
def test_scores_that_their_sums_do_not_give_are_for_verify_to_find(
    values: dict[str, float], said: str, document: dict[str, Any], tmp_path: Path
) -> None:
    document["methods"][0]["runs"][0]["scores"]["values"] = values
    path = sealed(document, tmp_path / "higher.json")
    load_board(path)
    problems = [p for one in verify_publication(document, "x", RuleBook()) for p in one.problems]
    assert any(problem.startswith(said) for problem in problems)
