"""Scores again from stored embeddings: what holds stays, what does not is found and mended."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from subprocess import PIPE

import pytest

from harness.data.dataset import Dataset
from harness.data.splits import part_digest
from harness.errors import UserError
from harness.execution.plan import Entrant, make_plan
from harness.execution.session import run_plan
from harness.registry import Origin, RegisteredMethod
from harness.rescoring.datasets import Datasets, NotAtHand
from harness.rescoring.rescore import RuleBook, rescore_store
from harness.rescoring.verify import Checked, verify_board, verify_store
from harness.results import load_board
from harness.results.display import board_document
from harness.results.merging import merge
from harness.results.source import StoreSource
from harness.store import Store


@pytest.fixture
def store(tmp_path, bench, spread):
    """A store of one replicate: two runs and their concatenation."""
    origin = Origin("tests", "tests", "0", None)
    entrant = Entrant(RegisteredMethod(spread, origin), {}, "default")
    plan = make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=1)
    with Store.open(tmp_path / "store", create=True) as opened:
        list(run_plan(plan, bench, opened))
        yield opened


def change_scores(store: Store, **changes: object) -> str:
    """Write other scores into the first run, its arrays untouched; return the run's id."""
    record = store.records()[0]
    scores = record.scores.model_copy(update=changes)
    store.put_scores(record, scores, store.arrays(record))
    return record.run_id


@pytest.fixture
def looked_at(tiny_dataset):
    """A function that verifies a store, with its dataset at hand, or what stands in its place."""

    def look(store: Store, dataset: Dataset = tiny_dataset) -> list[Checked]:
        # By the name that the protocol has it by.
        own = [replace(dataset, name=store.records()[0].identity.dataset)]
        return list(verify_store(store, RuleBook(), Datasets(own=own)))

    return look


def problems(store: Store) -> list[str]:
    return [problem for finding in verify_store(store, RuleBook()) for problem in finding.problems]


def test_a_store_as_it_was_written_holds(store, looked_at):
    assert [(one.problems, one.unseen) for one in looked_at(store)] == [((), "")] * 3


@pytest.mark.parametrize("digest", ["forged", None])
def test_samples_that_are_not_those_of_the_dataset_are_found(store, looked_at, tmp_path, digest):
    """Arrays and Record agree, as after an edit of both; or it is of before digests were kept."""
    record = store.records()[0]
    arrays = dict(store.arrays(record))
    arrays["test_labels"] = arrays["test_labels"][::-1].copy()
    forged = part_digest(arrays["test_positions"], arrays["test_labels"])
    with Store.open(tmp_path / "forged", create=True) as other:
        kept = record.model_copy(update={"test_digest": forged if digest else None})
        other.put(kept, arrays)
        found = [problem for one in looked_at(other) for problem in one.problems]
    assert f"test samples: {forged}, those of the dataset are {record.test_digest}" in found


@pytest.mark.parametrize("change", ["inputs", "labels"])
def test_another_version_of_the_dataset_is_said_and_not_compared(
    store, looked_at, tiny_dataset, change
):
    other = {"inputs": 255 - tiny_dataset.inputs, "labels": tiny_dataset.labels[::-1].copy()}
    attributes = {} if change == "labels" else tiny_dataset.attributes
    changed = replace(tiny_dataset, attributes=attributes, **{change: other[change]})
    *runs, note = looked_at(store, changed)
    assert [one.problems for one in (*runs, note)] == [()] * 4
    assert note.what == "dataset 'digits'"
    assert note.unseen == (
        f"is another version here, of digest {changed.digest[:12]}, not "
        f"{tiny_dataset.digest[:12]}; the test samples of 2 runs were not compared with it"
    )


def test_a_dataset_that_is_not_at_hand_is_said(store):
    for record in store.records():
        gone = record.identity.model_copy(update={"dataset": "gone"})
        with pytest.raises(NotAtHand, match="is not at hand: unknown dataset 'gone'"):
            Datasets().test_digest(gone, RuleBook().protocol(record.identity))


def test_scoring_again_under_the_same_version_changes_nothing(store):
    before = [record.scores for record in store.records()]
    assert len(list(rescore_store(store, RuleBook()))) == 3
    assert [record.scores for record in store.records()] == before
    assert problems(store) == []


def test_a_number_that_was_tampered_with_is_found_and_mended(store):
    values = store.records()[0].scores.values
    change_scores(store, values={**values, "map_at_r": values["map_at_r"] + 0.01})
    assert any(problem.startswith("map_at_r: recorded") for problem in problems(store))
    list(rescore_store(store, RuleBook()))
    assert problems(store) == []


def test_impossible_scores_are_named_as_such(store):
    values = store.records()[0].scores.values
    change_scores(store, values={**values, "map_at_r": 0.99})
    assert any("above r_precision" in problem for problem in problems(store))


def test_scores_of_an_older_metric_version_ask_for_rescoring(store):
    change_scores(store, semantics=0)
    (problem,) = problems(store)
    assert "scored under metric version 0" in problem
    assert "bench rescore" in problem


def test_a_damaged_artifact_is_found(store):
    artifact = store.path / store.records()[0].artifact.path
    content = bytearray(artifact.read_bytes())
    content[-1] ^= 1
    artifact.write_bytes(bytes(content))
    assert any("damaged" in problem for problem in problems(store))


def test_rescoring_keeps_what_scoring_does_not_make(store):
    losses = store.arrays(store.records()[0])["losses"]
    list(rescore_store(store, RuleBook()))
    assert (store.arrays(store.records()[0])["losses"] == losses).all()
    assert len(list((store.path / "artifacts").glob("*.safetensors"))) == 2


def test_a_protocol_that_is_not_at_hand_is_named(store):
    record = store.records()[0]
    gone = record.identity.model_copy(update={"protocol": "gone"})
    with pytest.raises(UserError, match="no protocol at hand has the digest"):
        RuleBook().rule(record.model_copy(update={"identity": gone}))


def other_protocol(store):
    """The runs as of a protocol that nobody has."""
    for record in store.records():
        gone = record.identity.model_copy(update={"protocol": "gone", "protocol_digest": "d" * 64})
        yield record.model_copy(update={"identity": gone})


def test_runs_of_a_protocol_that_is_not_at_hand_are_not_looked_at(store, tmp_path):
    with Store.open(tmp_path / "gone", create=True) as opened:
        for record in other_protocol(store):
            opened.put(record, store.arrays(store.records()[record.identity.fold]))
        (finding,) = verify_store(opened, RuleBook())
        assert not finding.problems
        assert finding.unseen.endswith("2 runs and 0 concatenations were not computed again")
        change_scores(opened, values={**record.scores.values, "map_at_r": 2.0})
        broken = [one for one in verify_store(opened, RuleBook()) if one.problems]
        assert len(broken) == 1  # what no protocol allows is found all the same
        change_scores(opened, values=record.scores.values)
    found = run("verify", str(tmp_path / "gone"))
    assert found.returncode == 3
    assert "0 looked at, 0 hold, 0 do not" in found.stdout


def test_a_published_board_is_held_to_its_invariants(store):
    document = board_document(load_board(store))
    assert [finding.problems for finding in verify_board(document, "board")] == [()]
    row = json.loads(json.dumps(document["rows"][0]))
    row["metrics"]["map_at_r"]["mean"] = 0.99
    (finding,) = verify_board({**document, "rows": [row]}, "board")
    assert any("above r_precision" in problem for problem in finding.problems)


def test_another_json_file_is_no_board():
    with pytest.raises(UserError, match="is not a leaderboard in JSON"):
        list(verify_board({"a": 1}, "a.json"))


@pytest.mark.parametrize(
    "row",
    [
        1,
        {"method": "a"},
        {"metrics": {}},
        {"method": "a", "metrics": {"nmi": {}}},
        {"method": "a", "metrics": {"nmi": {"low": 0, "mean": "high", "high": 1}}},
    ],
)
def test_a_row_of_something_else_is_one_line(row):
    with pytest.raises(UserError, match=r"a\.json: a row is not one of a leaderboard"):
        list(verify_board({"protocol_digest": "e", "rows": [row]}, "a.json"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_verify_and_rescore_on_the_command_line(store):
    change_scores(store, singletons=7)
    bad = run("verify", str(store.path))
    assert bad.returncode == 1
    assert "singletons: recorded 7, is 0" in bad.stdout
    assert "3 looked at, 2 hold, 1 do not" in bad.stdout
    assert "3 sets of scores recomputed" in run("rescore", str(store.path)).stdout
    good = run("verify", "--store", str(store.path))
    *notes, last = good.stdout.splitlines()
    assert (good.returncode, last) == (0, "3 looked at, 3 hold, 0 do not")
    assert [note.partition(": ")[0] for note in notes] == ["dataset 'digits'"]


def test_rescoring_waits_for_who_writes(store):
    """`bench doctor` takes for left over what nobody is writing."""
    command = [sys.executable, "-m", "harness.cli", "rescore", "--store", str(store.path)]
    with store.sole_writer(waiting=lambda: None):
        waiting = subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True)
        assert "waiting for it to end" in waiting.stderr.readline()
        assert waiting.poll() is None
    assert "3 sets of scores recomputed" in waiting.communicate()[0]
    assert waiting.returncode == 0


def test_rescoring_does_not_import_torch():
    code = "import sys, harness.rescoring; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


EDIT = "UPDATE runs SET record = json_set(record, '$.scores.singletons', 3) WHERE run_id = ?"


def test_a_record_that_something_else_changed_is_a_problem_and_is_not_sealed_anew(store, tmp_path):
    changed, *others = [record.run_id for record in store.records()]
    store._connection.execute(EDIT, (changed,))
    assert "its record was changed after it was stored" in problems(store)
    list(rescore_store(store, RuleBook()))
    assert [one.target for one in store.examine(alone=True).findings if one.damaged] == [changed]
    with Store.open(tmp_path / "other", create=True) as into:
        merge(StoreSource(store), into)
        assert set(into.run_states()) == set(others)
