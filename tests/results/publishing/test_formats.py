"""Every format ever written can be read: one stored file each, never written anew.

`assets/format_1.json` holds two methods of three seeds and two folds; one run of them diverged, one
scored a NaN. Should a later version write another format, it gets a file of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.rescoring.rescore import RuleBook
from harness.rescoring.verify import verify_publication
from harness.results.publication import PUBLICATION_FORMAT, load_publication, parse_publication

ASSETS = Path(__file__).parent / "assets"
FILES = sorted(ASSETS.glob("format_*.json"))


def test_there_is_a_file_of_every_format():
    names = [f"format_{number}.json" for number in range(1, PUBLICATION_FORMAT + 1)]
    assert [file.name for file in FILES] == names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_loads_and_says_what_it_said(file):
    publication = load_publication(file)
    records = publication.records()
    assert (publication.protocol, publication.dataset) == ("smoke", "digits")
    assert [method.method for method in publication.methods] == ["better", "plain"]
    assert [record.state for record in records].count("failed") == 1
    assert len(records) == 12
    first = publication.methods[1]
    assert first.separated["map_at_r"] == (0.235917, 0.103325, 0.368509, 3)
    assert first.runs[0].id == "28f10a48f79cbe764dc6"
    assert first.runs[0].class_sums is not None
    assert first.runs[0].class_sums["precision_at_1"] == (2, 3, 3, 6, 5, 4)


def test_a_newer_format_asks_for_an_upgrade():
    document = json.loads((ASSETS / "format_1.json").read_text())
    from harness.results.publication import content_digest

    document["format"] = PUBLICATION_FORMAT + 1
    document["content_digest"] = content_digest(document)
    with pytest.raises(UserError, match="upgrade metric-learning-bench"):
        parse_publication(json.dumps(document), "x.json")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_still_holds(file):
    findings = list(verify_publication(json.loads(file.read_text()), str(file), RuleBook()))
    problems = {problem for finding in findings for problem in finding.problems}
    # The NaN, and nothing else: the protocol's file may have moved on since.
    assert {p for p in problems if "no protocol at hand" not in p} == {
        "precision_at_1 is nan, outside 0 to 1",
        "precision_at_1: recorded nan, its classes give 0.717949",
    }
