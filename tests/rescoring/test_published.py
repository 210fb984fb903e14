"""A published leaderboard is recomputed from its runs; what does not hold is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.rescoring.rescore import RuleBook
from harness.rescoring.verify import verify_publication
from harness.results.publication import content_digest, publication_of

RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture
def document(make_store, publish):
    return json.loads(publish(make_store(levels={"a": 0.4, "b": 0.6}, noise=0.02)).read_text())


def problems(document, *, sealed: bool = True) -> list[str]:
    if sealed:  # as one would who knows how the digest is made
        document["content_digest"] = content_digest(document)
    found = verify_publication(document, "x.json", RuleBook())
    return [problem for finding in found for problem in finding.problems]


def run_of(document):
    return document["methods"][0]["runs"][0]


def test_what_was_published_holds(document):
    assert problems(document, sealed=False) == []


def test_a_changed_byte_breaks_the_digest(document):
    document["methods"][0]["version"] = "2"
    assert "was changed after it was published" in problems(document, sealed=False)


def test_an_identity_that_is_not_its_id_is_found(document):
    document["methods"][0]["version"] = "2"
    assert problems(document) == ["its id is not the digest of its identity"] * 6


def test_a_better_score_is_found_by_its_classes_and_its_interval(document):
    run_of(document)["scores"]["values"]["map_at_r"] += 0.001
    found = problems(document)
    assert any("map_at_r: recorded 0." in problem for problem in found)
    assert any(problem.startswith("separated map_at_r: recorded") for problem in found)


def test_a_better_interval_is_found(document):
    document["methods"][1]["separated"]["map_at_r"][0] += 0.0001
    (problem,) = problems(document)
    assert problem.startswith("separated map_at_r")


def test_sums_that_no_class_can_have_are_found(document):
    sums = run_of(document)["class_sums"]["map_at_r"]
    sums[0], sums[1] = sums[0] + 5, sums[1] - 5
    assert problems(document) == ["map_at_r: a class scores outside 0 to 1"]


def test_a_class_too_few_is_found(document):
    run_of(document)["class_sums"]["map_at_r"].pop()
    assert problems(document) == ["map_at_r: 5 sums for 6 classes"]


def test_runs_that_did_not_start_alike_are_found(document):
    run_of(document)["init_digest"] = "other"
    (problem,) = problems(document)
    assert "their initial weights are not those of the others" in problem


def test_a_published_protocol_of_another_digest_is_named(document):
    document["protocol_digest"] = "0" * 64
    assert any("no protocol at hand has the digest 000000" in p for p in problems(document))


def test_published_test_samples_are_held_to_the_dataset():
    """Those of this project's own smoke board, which carry digests."""
    document = json.loads((RESULTS / "smoke" / "digits.json").read_text())
    document["methods"] = document["methods"][:1]
    assert problems(document) == []
    recorded = run_of(document)["test_digest"]
    run_of(document)["test_digest"] = "0" * 16
    assert f"test samples: {'0' * 16}, those of the dataset are {recorded}" in problems(document)


def test_test_samples_that_no_protocol_at_hand_can_cut_are_said_not_to_be_looked_at():
    document = json.loads((RESULTS / "smoke" / "digits.json").read_text())
    document["methods"] = document["methods"][:1]
    document |= {"protocol": "ours", "protocol_digest": "0" * 64}
    publication = publication_of(document, "x.json")
    for run, known in zip(document["methods"][0]["runs"], publication.methods[0].runs, strict=True):
        run["id"] = publication.identity(publication.methods[0], known).run_id
    found = list(verify_publication(document, "x.json", RuleBook()))
    (left,) = [finding.unseen for finding in found if finding.unseen]
    assert "no protocol at hand has the digest 000000" in left
    assert "runs were not compared with it" in left


def test_verify_on_the_command_line(tmp_path, document):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document))
    command = [sys.executable, "-m", "harness.cli", "verify", str(path)]
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert good.returncode == 0
    assert good.stdout == (
        "dataset 'digits': its earlier runs do not name what they were tested on; the test samples "
        "of 12 runs were not compared with it\n17 looked at, 17 hold, 0 do not\n"
    )
    run_of(document)["scores"]["values"]["map_at_r"] += 0.001
    path.write_text(json.dumps(document))
    bad = subprocess.run(command, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "content digest: was changed" in bad.stdout
