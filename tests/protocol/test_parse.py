"""From a file to a Protocol, and one line for whatever is wrong with it."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.errors import UserError
from harness.protocol import parse_protocol, protocol_path, read_protocol
from harness.protocol.model import Rules

Change = Callable[[str, str | None], str]


def error_of(text: str, dataset: str | None = None) -> str:
    with pytest.raises(UserError) as raised:
        parse_protocol(text, where="toy.toml", dataset=dataset)
    line = str(raised.value)
    assert "\n" not in line
    return line


def test_the_first_dataset_is_the_default(toy: str) -> None:
    protocol = parse_protocol(toy, where="toy.toml")
    assert (protocol.dataset, protocol.datasets) == ("letters", ("letters", "numbers"))


def test_a_dataset_changes_the_values_it_names(toy: str) -> None:
    assert parse_protocol(toy, where="toy.toml", dataset="numbers").split.folds == 2


def test_a_dataset_keeps_the_values_it_does_not_name(toy: str) -> None:
    letters, numbers = (
        parse_protocol(toy, where="toy.toml", dataset=name) for name in ("letters", "numbers")
    )
    split = letters.split.model_copy(update={"folds": 2})
    assert numbers == letters.model_copy(update={"dataset": "numbers", "split": split})


def test_a_protocol_cannot_be_assigned_to(toy: str) -> None:
    protocol = parse_protocol(toy, where="toy.toml")
    with pytest.raises(ValidationError, match="frozen"):
        protocol.training.steps = 5  # type: ignore[misc]


def test_an_unknown_dataset_is_named_with_the_nearest(toy: str) -> None:
    assert error_of(toy, dataset="leters") == (
        "toy.toml: protocol 'toy': unknown dataset 'leters'; did you mean 'letters'? "
        "(allowed: letters, numbers)"
    )


def test_an_unknown_key_is_named_with_the_nearest(change: Change) -> None:
    text = change("training.steps", "10\nsteps_per_epoh = 5")
    assert error_of(text) == (
        "toy.toml: unknown key 'training.steps_per_epoh'; did you mean 'steps_per_epoch'? "
        "(allowed: batch_size, compositions, samples_per_class, steps, steps_per_epoch)"
    )


def test_an_unknown_section_is_named_with_the_nearest(toy: str) -> None:
    assert error_of(toy + "\n[optimisers]\nname = 1\n") == (
        "toy.toml: unknown key 'optimisers'; did you mean 'optimizers'? (allowed: augmentation, "
        "backbone, correcting, label_sets, looks, optimizers, quirks, replicates, scoring, search, "
        "selection, split, test_views, training)"
    )


def test_an_unknown_key_two_sections_down_is_named_with_the_nearest(change: Change) -> None:
    text = change("optimizers.head.momentum", "0.0\nweight_decai = 0.0")
    assert error_of(text).startswith(
        "toy.toml: unknown key 'optimizers.head.weight_decai'; did you mean 'weight_decay'? "
    )


@pytest.mark.parametrize(
    "key",
    ["format", "name", "summary", "replicates", "split.folds", "optimizers.head.momentum"],
)
def test_a_missing_key_is_named(key: str, change: Change) -> None:
    assert error_of(change(key, None)) == f"toy.toml: missing key '{key}'"


def test_a_missing_section_is_named(toy: str) -> None:
    without = toy.replace(toy[toy.index("[search]") : toy.index("[scoring]")], "")
    assert error_of(without) == "toy.toml: missing key 'search'"


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [
        ("training.steps", '"ten"', "Input should be a valid integer (given: 'ten')"),
        ("training.steps", "10.0", "Input should be a valid integer (given: 10.0)"),
        ("training.steps", "true", "Input should be a valid integer (given: True)"),
        ("training.steps", "0", "Input should be greater than 0 (given: 0)"),
        ("backbone.normalize", "1", "Input should be a valid boolean (given: 1)"),
        ("backbone.name", "3", "Input should be a valid string (given: 3)"),
        ("split.test_fraction", "1.0", "Input should be less than 1 (given: 1.0)"),
        ("split.folds", "1", "Input should be greater than or equal to 2 (given: 1)"),
        ("optimizers.head.learning_rate", "inf", "Input should be a finite number (given: inf)"),
        ("optimizers.head.weight_decay", "nan", "Input should be a finite number (given: nan)"),
        ("augmentation.shift", "nan", "Input should be less than 1 (given: nan)"),
        ("augmentation.rotation", "nan", "Input should be less than or equal to 180 (given: nan)"),
        (
            "scoring.recall_at",
            "1",
            'must be a list, such as ["a", "b"] or [1, 2] (given: 1)',
        ),
        ("search.trials", "-1", "Input should be greater than or equal to 0 (given: -1)"),
    ],
)
def test_a_value_that_may_not_be_is_shown_with_what_may(
    key: str, value: str, wrong: str, change: Change
) -> None:
    assert error_of(change(key, value)) == f"toy.toml: {key}: {wrong}"


def test_a_value_inside_a_list_is_named_by_its_place(change: Change) -> None:
    text = change("scoring.recall_at", "[1, 0]")
    assert error_of(text) == (
        "toy.toml: scoring.recall_at.1: Input should be greater than 0 (given: 0)"
    )


def test_a_word_outside_its_list_is_shown_with_the_list_and_the_nearest(change: Change) -> None:
    assert error_of(change("optimizers.trunk.name", '"adamx"')) == (
        "toy.toml: optimizers.trunk.name: 'adamx' is not allowed; did you mean 'adam'? "
        "(allowed: 'adam', 'adamw', 'rmsprop' or 'sgd')"
    )


def test_an_unknown_composition_is_shown_with_the_nearest(change: Change) -> None:
    text = change("training.compositions", '["balanced", "uniforn"]')
    assert error_of(text).startswith(
        "toy.toml: training.compositions.1: 'uniforn' is not allowed; did you mean 'uniform'?"
    )


def test_looks_ascend_to_all_replicates(change: Change) -> None:
    def said(looks: str) -> str:
        return error_of(change("replicates", f"10\nlooks = {looks}"))

    assert "looks must be two or more" in said("[10]")
    assert "looks must be two or more" in said("[5, 3, 10]")
    assert "looks must end at replicates, 10" in said("[3, 5]")
    assert "looks.0" in said("[1, 10]")


def test_a_batch_must_hold_whole_classes(change: Change) -> None:
    assert error_of(change("training.batch_size", "10")) == (
        "toy.toml: training: batch_size must be a multiple of samples_per_class"
    )


@pytest.mark.parametrize("value", ["2", '"1"', "1.0", "true"])
def test_another_format_is_refused(value: str, change: Change) -> None:
    assert error_of(change("format", value)).endswith("is not known (allowed: 1)")


@pytest.mark.parametrize("value", ['""', "7"])
def test_a_name_must_be_a_text(value: str, change: Change) -> None:
    assert error_of(change("name", value)) == "toy.toml: name: must be a text that is not empty"


@pytest.mark.parametrize("datasets", ["", "datasets = 3\n", 'datasets = ["letters"]\n'])
def test_datasets_must_be_tables(datasets: str, toy: str) -> None:
    rules = toy.partition("[datasets")[0]
    wrong = "datasets: must hold a table for each dataset" if datasets else "missing key 'datasets'"
    assert error_of(datasets + rules) == f"toy.toml: {wrong}"


def test_a_dataset_may_not_add_a_key(toy: str) -> None:
    assert error_of(toy + "fold = 2\n") == (
        "toy.toml: datasets.numbers.split: unknown key 'fold'; did you mean 'folds'? "
        "(allowed: fold_rule, folds, kind, labelled_fraction, test_fraction)"
    )


def test_a_wrong_value_of_a_dataset_is_found_under_its_name(toy: str) -> None:
    assert error_of(toy + "test_fraction = 2.0\n") == (
        "toy.toml: datasets.numbers: split.test_fraction: Input should be less than 1 (given: 2.0)"
    )


def test_a_dataset_that_is_not_asked_for_is_checked_too(toy: str) -> None:
    text = toy + 'fold_rule = "odd"\n'
    assert "datasets.numbers: split.fold_rule: 'odd'" in error_of(text, dataset="letters")


def test_bad_toml_is_one_line_with_its_place(toy: str) -> None:
    assert error_of("format = = 1\n" + toy).startswith("toy.toml: not TOML: ")
    assert "(at line 1, column 10)" in error_of("format = = 1\n" + toy)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "gone.toml"
    with pytest.raises(UserError, match=r"gone\.toml: no such file") as raised:
        read_protocol(path)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "image.toml"
    path.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(UserError, match=r"image\.toml: is no text") as raised:
        read_protocol(path)
    assert "\n" not in str(raised.value)


def test_a_folder_is_no_protocol(tmp_path: Path) -> None:
    path = tmp_path / "folder.toml"
    path.mkdir()
    with pytest.raises(UserError, match=r"folder\.toml: cannot be read: Is a directory"):
        read_protocol(path)


def test_controls_are_named_and_change_no_digest(toy: str) -> None:
    named = toy.replace("[split]", 'controls = ["plain", "shuffled"]\n\n[split]', 1)
    protocol, other = (parse_protocol(text, where="toy.toml") for text in (named, toy))
    assert protocol.controls == ("plain", "shuffled")
    assert other.controls == ()
    assert protocol.digest == other.digest


@pytest.mark.parametrize("wrong", ['"plain"', "[3]", '[""]'])
def test_controls_that_are_no_list_of_names_are_a_line(toy: str, wrong: str) -> None:
    named = toy.replace("[split]", f"controls = {wrong}\n\n[split]", 1)
    assert error_of(named) == "toy.toml: controls: must be a list of methods' names"


def as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    return json.dumps(value).replace("NaN", "nan")


def tables(values: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each key of a parsed file, with the table that it stands in."""
    for key, value in values.items():
        yield values, key
        if isinstance(value, dict):
            yield from tables(value)


WRONG: tuple[Any, ...] = (-1, 10**30, 2.5, math.nan, True, "", "x", [], [[]], {"x": 1})


@pytest.mark.parametrize("name", ["smoke", "user-corrected"])
def test_a_wrong_type_at_any_level_is_one_line_that_names_its_place(name: str) -> None:
    content = tomllib.loads(protocol_path(name).read_text())
    for table, key in tables(content):
        right = table[key]
        for wrong in WRONG:
            if type(wrong) is type(right) and type(right) is not int:
                continue
            table[key] = wrong
            try:
                lines = (f"{json.dumps(k)} = {as_toml(v)}" for k, v in content.items())
                parse_protocol("\n".join(lines), where="toy.toml")
            except UserError as error:
                line = str(error)
                assert "\n" not in line
                assert key in line or "datasets" in line
            else:  # an empty name, or an empty list, where any name and any list may be
                assert wrong in ("", []) or (type(wrong), type(right)) == (int, float)
        table[key] = right


def test_no_number_of_a_protocol_is_without_an_upper_end() -> None:
    """One that is not bounded hangs a plan, or asks for more memory than there is."""
    schema = Rules.model_json_schema()
    whole = [
        (where, one)
        for where, model in {**schema["$defs"], "rules": schema}.items()
        for field in model["properties"].values()
        for one in (field, *field.get("anyOf", ()), field.get("items", {}))
        if isinstance(one, dict) and one.get("type") == "integer"
    ]
    assert len(whole) > 20
    assert [
        where for where, one in whole if not {"maximum", "exclusiveMaximum", "enum"} & one.keys()
    ] == []
