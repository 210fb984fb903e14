"""`bench variables`, from recorded runs to what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from harness.cli import variables as command
from harness.data.dataset import Attribute, Dataset
from harness.data.loading import load_dataset
from harness.data.splits import make_split
from harness.errors import NotComparable, UserError
from harness.figures.sources import load_sources
from harness.protocol import load_protocol
from harness.registry import load_registry
from harness.rescoring.rescore import RuleBook
from harness.results.source import as_source
from harness.store import Store
from harness.table import to_text
from harness.variables import Wanted, saliency, saliency_table

APP = typer.Typer()
APP.command()(command.variables)
PROTOCOL, NAME = "dependent-variables", "digits+rotation"
QUICK = ("--permutations", 19, "--samples", 300)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset(load_registry(), NAME)


@pytest.fixture
def add(tmp_path: Path, digits: Dataset, make_run: Callable[..., Any]) -> Callable[..., Path]:
    """Add the runs of a method to a store: ten classes, moved by the rotation by so much."""
    rules = load_protocol(PROTOCOL, dataset=NAME)
    test = make_split(digits, rules.split, fold=0, seed=0).test
    turned = digits.attributes["rotation"].values[test]

    def add(method: str, moved: float, *, keep: str = "", **identity: Any) -> Path:
        with Store.open(tmp_path / "store", create=True) as store:
            for seed in range(2):
                draw = np.random.default_rng(seed)
                embeddings = np.eye(16)[digits.labels[test]] + moved * np.eye(16)[10 + turned]
                embeddings = embeddings + 0.3 * draw.standard_normal(embeddings.shape)
                arrays = {
                    "test_embeddings": embeddings.astype(np.float32),
                    "test_labels": digits.labels[test],
                    "test_positions": test,
                }
                arrays.pop(keep, None)
                known = {
                    "protocol": PROTOCOL,
                    "protocol_digest": rules.digest,
                    "dataset": NAME,
                    "dataset_digest": digits.digest,
                }
                record, _ = make_run(method, seed, identity={**known, **identity}, folds=1)
                store.put(record, arrays)
        return tmp_path / "store"

    return add


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(APP, [str(a) for a in arguments], catch_exceptions=False)


def document(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran(*arguments, "--format", "json").stdout)
    return found


def test_a_method_that_holds_the_variable_is_told_from_one_that_does_not(
    add: Callable[..., Path],
) -> None:
    add("blind", 0.0)
    found = document("--store", add("moved", 1.0), *QUICK)
    assert (found["classes"], found["samples"]) == (10, 300)
    rows = {row["method"]: row for row in found["rows"] if row["variable"] == "rotation"}
    assert {row["variable"] for row in found["rows"]} == {"rotation", "class", "(mean)"}
    assert {row["runs"] for row in found["rows"]} == {2}
    moved, blind = (rows[name]["measures"] for name in ("moved", "blind"))
    told = {"probe", "r2", "ami", "p1_lost", "farther"}  # its values are numbers
    assert set(moved) == {*told, "precision_at_1", "map_at_r"}
    for name in told:
        assert moved[name]["low"] <= moved[name]["value"] <= moved[name]["high"]
        assert moved[name]["value"] > blind[name]["value"] + 0.1
        assert abs(blind[name]["control"]) < 0.15
        if name != "ami":  # as many clusters as classes follow these
            assert moved[name]["p_value"] == 0.05
            assert blind[name]["p_value"] > 0.05


def test_each_label_set_is_scored_and_all_together(add: Callable[..., Path]) -> None:
    add("blind", 0.0)
    found = document("--store", add("moved", 1.0), "--permutations", 0, "--samples", 300)
    rows = {
        (row["method"], row["variable"]): {
            name: row["measures"][name]["value"] for name in ("precision_at_1", "map_at_r")
        }
        for row in found["rows"]
    }
    for name in ("precision_at_1", "map_at_r"):
        assert rows["moved", "rotation"][name] > rows["blind", "rotation"][name] + 0.2
        assert rows["moved", "class"][name] < rows["blind", "class"][name]
        both = [rows["moved", one][name] for one in ("rotation", "class")]
        assert rows["moved", "(mean)"][name] == pytest.approx(sum(both) / 2)
    scores = next(row for row in found["rows"] if row["variable"] == "class")["measures"]
    assert set(scores) == {"precision_at_1", "map_at_r"}
    assert scores["map_at_r"]["low"] < scores["map_at_r"]["value"] < scores["map_at_r"]["high"]
    assert scores["map_at_r"]["control"] is None


def test_the_table_shows_intervals_and_controls_and_says_what_they_are(
    add: Callable[..., Path],
) -> None:
    printed = ran("--store", add("moved", 1.0), *QUICK, "--format", "md").stdout
    assert "| moved | rotation | 4 | +0." in printed
    assert "over 2 runs, of whose noise the intervals know nothing" in printed
    bare = ran("--store", add("moved", 1.0), "--permutations", 0, "--format", "md").stdout
    assert "*" not in bare.partition("\n\n")[2].partition("\n\n")[0]


def test_on_eighty_columns_names_stand_whole_and_numbers_alone(
    add: Callable[..., Path], digits: Dataset
) -> None:
    add("multi-task-multi-similarity", 0.0)
    store = add("moved", 1.0)
    wanted = Wanted(permutations=0, samples=300)
    with Store.open(store) as opened:
        source, runs = as_source(opened), load_sources(opened)
        table = saliency_table(saliency(source, runs, digits, rules=RuleBook(), wanted=wanted))
    lines = to_text(table, width=80).splitlines()
    titles = next(line for line in lines if line.startswith("method"))
    told = [line.split() for line in lines if " rotation " in line]
    assert [row[:2] for row in told] == [
        ["moved", "rotation"],
        ["multi-task-multi-similarity", "rotation"],
    ]
    assert titles.split("  ")[-1].strip() == "farther"
    assert {len(row) for row in told} == {7}  # no interval, no control
    said = " ".join(lines)
    assert "not shown, for want of width: values, P@1, MAP@R;" in said
    assert "interval and control of probe, R2, AMI, P@1 lost, farther" in said


def saying(text: str) -> Any:
    return pytest.raises(UserError, match=text)


def test_wrong_options_are_refused_in_a_line(add: Callable[..., Path]) -> None:
    store = add("moved", 1.0)
    with saying("unknown attribute 'rotatoin'; did you mean 'rotation'"):
        ran("--store", store, "--variable", "rotatoin")
    with saying("unknown attribute 'size'"):
        ran("--store", store, "--ordered", "size")
    with saying("--permutations must be 0 or above 1, not 1"):
        ran("--store", store, "--permutations", 1)
    with saying("--samples must be 4 or more, not 3"):
        ran("--store", store, "--samples", 3)


@pytest.mark.parametrize("name", ["test_embeddings", "test_positions"])
def test_a_run_without_its_arrays_is_named(add: Callable[..., Path], name: str) -> None:
    with saying(rf"run \w{{20}} left no {name}: nothing to look at"):
        ran("--store", add("moved", 1.0, keep=name))


def test_another_dataset_of_the_name_is_refused(add: Callable[..., Path]) -> None:
    with pytest.raises(NotComparable, match="is not the one that the runs were scored on"):
        ran("--store", add("moved", 1.0, dataset_digest="0" * 64))


def test_a_published_file_holds_no_embeddings() -> None:
    published = Path(__file__).resolve().parents[2] / "results" / "smoke" / "digits.json"
    with saying("holds no embeddings to look at; their store does"):
        ran(published)


def asked(store: Path, data: Dataset, attributes: dict[str, Attribute], wanted: Wanted) -> Any:
    """Ask about other attributes of the same samples."""
    object.__setattr__(data, "attributes", attributes)
    with Store.open(store) as opened:
        return saliency(
            as_source(opened), load_sources(opened), data, rules=RuleBook(), wanted=wanted
        )


@pytest.fixture
def others(digits: Dataset) -> Any:
    own = dict(digits.attributes)
    yield digits
    object.__setattr__(digits, "attributes", own)


def test_variables_that_tell_nothing_are_said_or_refused(
    add: Callable[..., Path], others: Dataset
) -> None:
    store, count = add("moved", 1.0), len(others)
    rotation = others.attributes["rotation"]
    one = Attribute(values=np.zeros(count, np.int64), names=("all",))
    half = Attribute(values=np.arange(count) % 2, names=("unknown", "known"))
    group = Attribute(values=(others.labels < 5).astype(np.int64), names=("late", "early"))
    wanted = Wanted(permutations=0, samples=300)
    found = asked(store, others, {"rotation": rotation, "one": one, "half": half, "group": group},
                  wanted)  # fmt: skip
    assert [row.variable for row in found.rows] == ["rotation", "group", "class", "(mean)"]
    assert "one: one value: left out" in found.notes
    assert "half: one value: left out" in found.notes  # what is unknown is no value
    assert "group: the same for all of a class: it disturbs no pair" in found.notes
    with saying("one has one value: nothing to tell apart"):
        asked(store, others, {"one": one}, Wanted(variables=("one",)))
    with saying("no attribute has two values"):
        asked(store, others, {"one": one}, wanted)
    with saying("has no attributes"):
        asked(store, others, {}, wanted)


def test_values_that_are_no_numbers_are_ordered_where_a_person_says_so(
    add: Callable[..., Path], others: Dataset
) -> None:
    store = add("moved", 1.0)
    names = ("light", "regular", "bold", "black")
    weight = Attribute(values=others.attributes["rotation"].values, names=names)
    wanted = Wanted(permutations=0, samples=300)
    plain = asked(store, others, {"weight": weight}, wanted)
    assert "r2" not in plain.rows[0].found
    ordered = Wanted(permutations=0, samples=300, ordered=("weight",))
    found = asked(store, others, {"weight": weight}, ordered)
    assert found.rows[0].found["r2"].value > 0.5


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(
    add: Callable[..., Path],
) -> None:
    store = add("moved", 0.5)
    first = document("--store", store, *QUICK)
    assert document("--store", store, *QUICK) == first
    assert document("--store", store, *QUICK, "--seed", 1) != first
