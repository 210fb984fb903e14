"""`bench deploy`, from recorded runs to what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from harness.cli import deploy as command
from harness.data.dataset import Dataset
from harness.data.loading import load_dataset
from harness.data.splits import make_split
from harness.deployment.arms import ARMS
from harness.errors import NotComparable, UserError
from harness.protocol import load_protocol
from harness.registry import load_registry
from harness.store import Store

APP = typer.Typer()
APP.command()(command.deploy)
NAME = "digits+rotation"
SEEDS = 3
PUBLISHED = Path(__file__).resolve().parents[2] / "results" / "smoke" / "digits.json"


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset(load_registry(), NAME)


@pytest.fixture
def add(tmp_path: Path, digits: Dataset, make_run: Callable[..., Any]) -> Callable[..., Path]:
    """Add the runs of a method to a store: ten classes that overlap, by as much as `spread`."""
    rules = load_protocol("dependent-variables", dataset=NAME)
    test = make_split(digits, rules.split, fold=0, seed=0).test

    def add(
        method: str,
        spread: float,
        *,
        protocol: str = "dependent-variables",
        seeds: int = SEEDS,
        arrays: dict[str, Any] | None = None,
        identity: dict[str, Any] | None = None,
        **varied: Any,
    ) -> Path:
        with Store.open(tmp_path / "store", create=True) as store:
            for seed in range(seeds):
                draw = np.random.default_rng(seed)
                embeddings = np.eye(10)[digits.labels[test]]
                embeddings = embeddings + spread * draw.standard_normal(embeddings.shape)
                left = {
                    "test_embeddings": embeddings.astype(np.float32),
                    "test_labels": digits.labels[test],
                    "test_positions": test,
                }
                known = {
                    "protocol": protocol,
                    "protocol_digest": load_protocol(protocol, dataset=NAME).digest,
                    "dataset": NAME,
                    "dataset_digest": digits.digest,
                }
                record, _ = make_run(
                    method, seed, identity={**known, **(identity or {})}, folds=1, **varied
                )
                store.put(record, left if arrays is None else arrays)
        return tmp_path / "store"

    return add


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(APP, [str(a) for a in arguments], catch_exceptions=False)


def document(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran(*arguments, "--format", "json").stdout)
    return found


def by_arm(found: dict[str, Any], method: str) -> dict[str, Any]:
    return {row["arm"]: row for row in found["rows"] if row["method"] == method}


def test_json_has_every_arm_of_every_method_with_intervals_over_replicates(
    add: Callable[..., Path],
) -> None:
    add("plain", 0.6)
    found = document("--store", add("better", 0.3))
    assert (found["variable"], found["values"], found["classes"]) == ("rotation", 4, 10)
    for method in ("plain", "better"):
        arms = by_arm(found, method)
        assert list(arms) == [arm for arm in ARMS if arm != "F"]
        for row in arms.values():
            for interval in row["measures"].values():
                assert interval["n"] == SEEDS
                if interval["mean"] not in (0.0, 1.0):  # a bound, around which no noise was seen
                    assert interval["low"] <= interval["mean"] <= interval["high"]
    plain, better = (by_arm(found, name)["A"]["measures"] for name in ("plain", "better"))
    assert better["precision_at_1"]["mean"] > plain["precision_at_1"]["mean"] + 0.1
    assert better["false_accept"]["mean"] < plain["false_accept"]["mean"]


def test_differences_are_paired_with_arm_a(add: Callable[..., Path]) -> None:
    arms = by_arm(document("--store", add("plain", 0.5)), "plain")
    assert arms["A"]["less_A"] == {}
    for arm in ("B", "C", "D"):
        for name, difference in arms[arm]["less_A"].items():
            means = [arms[one]["measures"][name]["mean"] for one in (arm, "A")]
            assert difference["mean"] == pytest.approx(means[0] - means[1])
    same = arms["E"]["less_A"]["precision_at_1"]
    assert (same["low"], same["mean"], same["high"], same["p_value"]) == (None, 0.0, None, 1.0)


def test_runs_of_several_views_are_the_last_arm(add: Callable[..., Path]) -> None:
    add("plain", 0.5)
    store = add("plain", 0.3, protocol="dependent-variables-views", seeds=2)
    found = document("--store", store)
    assert found["protocol"] == "dependent-variables"  # though views were run last
    last = by_arm(found, "plain")["F"]
    assert last["measures"]["precision_at_1"]["n"] == 2
    assert last["less_A"]["precision_at_1"]["n"] == 2
    assert last["less_A"]["precision_at_1"]["mean"] > 0.05
    assert found["notes"] == []


def test_the_arms_of_several_views_can_be_asked_for_themselves(add: Callable[..., Path]) -> None:
    store = add("plain", 0.3, protocol="dependent-variables-views")
    found = document("--store", store, "--protocol", "dependent-variables-views")
    assert list(by_arm(found, "plain")) == [arm for arm in ARMS if arm != "F"]
    assert found["notes"] == []


def test_a_published_board_is_refused_in_a_line() -> None:
    with pytest.raises(UserError, match=r"digits\.json: holds no embeddings to look at"):
        ran(PUBLISHED)


def test_only_chooses_among_rows(add: Callable[..., Path]) -> None:
    add("plain", 0.5)
    found = document(add("other", 0.5), "--only", "method=plain")
    assert {row["method"] for row in found["rows"]} == {"plain"}


def test_views_of_a_run_that_trained_otherwise_are_refused(add: Callable[..., Path]) -> None:
    add("plain", 0.5)
    store = add(
        "plain", 0.3, protocol="dependent-variables-views", batches_digest="others", seeds=1
    )
    with pytest.raises(NotComparable, match=r"^plain, seed 0, fold 0: .* did not train alike$"):
        ran("--store", store)


def test_without_runs_of_several_views_it_says_how_to_make_them(add: Callable[..., Path]) -> None:
    value = "training.steps=20"
    rules = load_protocol("dependent-variables", dataset=NAME, overrides=[value])
    unlocked = {"unlocked": (value,), "protocol_digest": rules.digest}
    add("other", 0.5, seeds=1, identity=unlocked)
    printed = ran("--store", add("plain", 0.5, identity=unlocked)).stdout
    assert (
        "F takes runs of the same seeds: bench run --protocol dependent-variables-views "
        "--dataset digits+rotation --methods plain,other --seeds 3 --set training.steps=20"
    ) in " ".join(printed.split())


def test_the_table_explains_its_arms(add: Callable[..., Path]) -> None:
    printed = ran("--store", add("plain", 0.5), "--format", "md").stdout
    assert "dependent-variables on digits+rotation, by rotation (4 values)" in printed
    assert "A: nearest entry, one threshold; B: nearest entry of the query's value" in printed
    assert "F:" not in printed.replace("F takes", "")
    assert "3 replicates" in printed


def test_no_interval_of_a_share_leaves_zero_and_one(add: Callable[..., Path]) -> None:
    shares = ("precision_at_1", "false_accept", "false_reject")
    arms = by_arm(document("--store", add("plain", 0.5, seeds=2)), "plain").values()
    found = [arm["measures"][name] for arm in arms for name in shares]
    ends = [one for one in found if one["low"] is not None]
    assert ends
    assert all(0.0 <= one["low"] <= one["mean"] <= one["high"] <= 1.0 for one in ends)


def test_one_replicate_has_no_interval(add: Callable[..., Path]) -> None:
    arms = by_arm(document("--store", add("plain", 0.5, seeds=1)), "plain")
    assert arms["B"]["measures"]["precision_at_1"]["low"] is None
    assert arms["B"]["less_A"]["precision_at_1"]["p_value"] is None


def test_settings_reach_the_arms(add: Callable[..., Path]) -> None:
    store = add("plain", 0.5)
    found = document(
        "--store", store, "--newest", 3, "--clusters", 2, "--accept", 0.5, "--enrolled", 0.5
    )
    arms = by_arm(found, "plain")
    assert arms["C"]["measures"]["gallery"]["mean"] == 2 * 4
    assert arms["D"]["measures"]["gallery"]["mean"] <= 3 * 5
    loose = by_arm(document("--store", store, "--enrolled", 0.5), "plain")
    tight, wide = (one["A"]["measures"]["false_reject"]["mean"] for one in (arms, loose))
    assert tight > wide + 0.2


def test_another_version_of_the_dataset_is_refused(add: Callable[..., Path]) -> None:
    store = add("plain", 0.5, identity={"dataset_digest": "0" * 64})
    with pytest.raises(NotComparable, match=r"is not the one that the runs were scored on"):
        ran("--store", store)


def test_an_unknown_variable_is_named_with_the_nearest(add: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match=r"unknown attribute 'rotatoin'; did you mean 'rotation'\?"):
        ran("--store", add("plain", 0.5), "--variable", "rotatoin")


def test_runs_without_embeddings_are_said_to_be(add: Callable[..., Path]) -> None:
    store = add("plain", 0.5, arrays={"queries": np.arange(3)})
    with pytest.raises(UserError, match="left no test_embeddings: nothing to look at"):
        ran("--store", store)


def test_a_store_without_a_complete_replicate_is_said_to_be(
    add: Callable[..., Path], failed_fields: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match=r"holds no complete replicate of dependent-variables$"):
        ran("--store", add("plain", 0.5, **failed_fields))
