"""What trackers show of runs is what the store holds of them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from harness import Benchmark
from harness.cli import run as run_command
from harness.errors import UserError
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.session import run_plan
from harness.method import Method
from harness.record import Record
from harness.registry import Origin, RegisteredMethod
from harness.store import Store
from harness.trackers import tracking
from harness.trackers.shown import run_folder
from harness.trackers.tensorboard import metadata
from harness.trackers.tracking import read_track


@pytest.fixture
def run(bench: Bench, spread: Method, tmp_path: Path) -> Any:
    """Run one replicate of a method with these trackers; returns the Records and arrays."""

    def run(*texts: str, method: Method = spread) -> list[tuple[Record, dict[str, Any]]]:
        entrant = Entrant(
            RegisteredMethod(method, Origin("tests", "tests", "0", None)),
            method.defaults(),
            "default",
        )
        plan = make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=1)
        folder = tmp_path / "store"
        with (
            Store.open(folder, create=True) as store,
            tracking(texts, bench.registry, store=folder, dataset=bench.dataset),
        ):
            list(run_plan(plan, bench, store))
            return [(record, store.arrays(record)) for record in store.records()]

    return run


@pytest.mark.parametrize("kind", ["wandb", "mlflow", "tensorboard"])
def test_a_package_that_is_missing_is_said_before_anything_is_loaded(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, kind, None)
    with pytest.raises(UserError, match=rf"pip install 'metric-learning-bench\[{kind}\]'"):
        read_track(f"{kind}:there")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_journal_has_every_record_as_it_is_stored(run, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "runs.jsonl"
    records = [record for record, _ in run(f"jsonl:{path}")]
    events = lines(path)
    assert [event["event"] for event in events] == ["started", "finished"] * 2
    assert [Record.model_validate(event["record"]) for event in events[1::2]] == records
    assert [event["run"] for event in events[::2]] == [record.run_id for record in records]
    assert [event["identity"]["fold"] for event in events[::2]] == [0, 1]


def test_a_journal_is_added_to(run, tmp_path: Path, make_method, spread_objective) -> None:
    path = tmp_path / "runs.jsonl"
    run(f"jsonl:{path}")
    run(f"jsonl:{path}", method=make_method(spread_objective, "another"))
    methods = [event["record"]["identity"]["method"] for event in lines(path)[1::2]]
    assert methods == ["spread", "spread", "another", "another"]


def test_a_journal_says_why_a_run_failed(
    run, tmp_path: Path, make_method, spread_objective
) -> None:
    class Infinite(spread_objective):
        def forward(self, batch, embed):
            return super().forward(batch, embed) * float("inf")

    path = tmp_path / "runs.jsonl"
    run(f"jsonl:{path}", method=make_method(Infinite, "infinite"))
    assert [one["record"]["reason"]["kind"] for one in lines(path)[1::2]] == ["diverged"] * 2


def test_nothing_is_tracked_once_the_session_is_over(
    run, tmp_path: Path, make_method, spread_objective
) -> None:
    path = tmp_path / "runs.jsonl"
    run(f"jsonl:{path}")
    run(method=make_method(spread_objective, "another"))
    assert len(lines(path)) == 4


@pytest.fixture
def tracked(run, tmp_path: Path) -> tuple[Path, Record, dict[str, Any]]:
    """The TensorBoard folder of a run, its Record and its arrays."""
    pytest.importorskip("tensorboard", reason="needs the extra [tensorboard]")
    record, arrays = run(f"tensorboard:{tmp_path / 'board'}")[1]
    return tmp_path / "board" / run_folder(record), record, arrays


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def test_tensorboard_shows_losses_validation_and_scores(tracked) -> None:
    folder, record, arrays = tracked
    shown = scalars(folder)
    assert [step for step, _ in shown["loss"]] == [0, 1, 2, 3]
    np.testing.assert_array_equal([value for _, value in shown["loss"]], arrays["losses"])
    history = [(step, float(np.float32(value))) for step, value in record.selected.history]
    assert shown[f"validation/{record.selected.metric}"] == history
    for name, value in record.scores.values.items():
        assert shown[f"scores/{name}"] == [(record.selected.step, float(np.float32(value)))]


def test_the_projector_has_the_test_embeddings_with_class_and_attributes(
    tracked, bench: Bench
) -> None:
    folder, _, arrays = tracked
    config = (folder / "projector_config.pbtxt").read_text()
    assert config.count("tensor_name") == 1
    (tensors,), (table,) = folder.rglob("tensors.tsv"), folder.rglob("metadata.tsv")
    np.testing.assert_allclose(np.loadtxt(tensors), arrays["test_embeddings"], rtol=1e-6)
    header, *rows = [line.split("\t") for line in table.read_text().splitlines()]
    assert header == ["class", "parity"]
    labels = bench.dataset.labels[arrays["test_positions"]]
    assert rows == [[f"class {label}", ("even", "odd")[label % 2]] for label in labels]


def test_a_dataset_without_attributes_has_the_class_alone(tiny_dataset) -> None:
    from dataclasses import replace

    plain = replace(tiny_dataset, attributes={})
    assert metadata(plain, np.array([0, 71])) == (["class"], [["class 0"], ["class 11"]])


def test_a_trial_lies_in_a_folder_of_its_own(make_run) -> None:
    replicate, _ = make_run()
    trial, _ = make_run(identity={"search": 0, "trial": 7})
    assert run_folder(replicate).parent == Path("digits", "plain")
    assert run_folder(trial).parent == Path("digits", "plain", "search-0", "trial-7")


def test_tensorboard_does_not_need_tensorflow(tracked) -> None:
    assert "tensorflow" not in sys.modules


MISSPELT = {
    "tensorbord:x": "unknown tracker 'tensorbord'; did you mean 'tensorboard'?",
    "jsonl": "where to",
    "jsonl:": "where to",
}


@pytest.mark.parametrize("text", MISSPELT)
def test_a_tracker_that_is_not_understood_is_one_line(run, text: str) -> None:
    with pytest.raises(UserError, match=re.escape(MISSPELT[text])):
        run(text)


@pytest.mark.parametrize("text", MISSPELT)
def test_it_is_said_before_plugins_are_loaded(tmp_path: Path, text: str) -> None:
    command = typer.Typer()
    command.command()(run_command.run)
    asked = ["--methods", "all", "--plugin", str(tmp_path / "nowhere.py"), "--track", text]
    with pytest.raises(UserError, match=re.escape(MISSPELT[text])):
        CliRunner().invoke(command, asked, catch_exceptions=False)


def test_it_is_said_before_data_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = Benchmark(protocol="smoke", methods="all", dataset="digits")
    monkeypatch.setattr("harness.data.loading.load_dataset", None)
    for text, line in MISSPELT.items():
        with pytest.raises(UserError, match=re.escape(line)):
            benchmark.run(tmp_path / "store", track=[text])


def test_a_file_that_cannot_be_written_is_one_line(run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"--track jsonl:{tmp_path}: Is a directory"):
        run(f"jsonl:{tmp_path}")


def test_without_tensorboard_one_line_says_what_to_install(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UserError, match=r"pip install 'metric-learning-bench\[tensorboard\]'"):
        run(f"tensorboard:{tmp_path}")


def test_mlflow_has_the_curves_the_scores_and_who_it_was(run, tmp_path: Path) -> None:
    tracking = pytest.importorskip("mlflow.tracking")
    records = run(f"mlflow:{tmp_path / 'ml'}")
    client = tracking.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'ml' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("smoke on digits")
    found = {one.info.run_name: one for one in client.search_runs([experiment.experiment_id])}
    assert found.keys() == {run_folder(record).as_posix() for record, _ in records}
    for record, arrays in records:
        one = found[run_folder(record).as_posix()]
        assert one.info.status == "FINISHED"
        assert one.data.params["run"] == record.run_id
        assert one.data.metrics["scores/map_at_r"] == record.scores.values["map_at_r"]
        losses = client.get_metric_history(one.info.run_id, "loss")
        assert [point.value for point in losses] == arrays["losses"].tolist()


def test_wandb_keeps_runs_offline(run, tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    records = run(f"wandb:{tmp_path / 'wb'}")
    files = (tmp_path / "wb" / "wandb").glob("offline-run-*/*.wandb")
    kept = {file.stem.removeprefix("run-"): file.read_bytes() for file in files}
    assert kept.keys() == {record.run_id for record, _ in records}
    for record, arrays in records:
        data = kept[record.run_id]
        assert run_folder(record).as_posix().encode() in data
        # It holds values as JSON.
        for value in (record.scores.values["map_at_r"], *arrays["losses"].astype(float)):
            assert json.dumps(float(value)).encode() in data


@pytest.mark.parametrize("kind", ["wandb", "mlflow"])
def test_a_tracker_that_is_not_installed_names_its_extra(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setitem(sys.modules, kind, None)
    with pytest.raises(UserError, match=rf"pip install 'metric-learning-bench\[{kind}\]'"):
        run(f"{kind}:{tmp_path / 'x'}")
