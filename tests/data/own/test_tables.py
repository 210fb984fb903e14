from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.data.dataset import TEST, TRAIN
from harness.data.own import load_path
from harness.errors import UserError

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def folder(tmp_path: Path, encode) -> Path:
    (tmp_path / "images").mkdir()
    for number in range(4):
        (tmp_path / "images" / f"{number}.png").write_bytes(encode(number))
    return tmp_path


def rows(**columns) -> pd.DataFrame:
    paths = [f"images/{number}.png" for number in (3, 0, 1, 2)]
    return pd.DataFrame({"path": paths, "label": ["b", "a", "b", "a"], **columns})


def test_a_row_is_a_sample(folder: Path):
    rows(split=["train", "train", "test", "test"], lens=["x", "y", "x", "y"]).to_csv(
        folder / "table.csv", index=False
    )

    dataset = load_path(folder / "table.csv", size=8)

    assert dataset.class_names == ("a", "b")
    assert dataset.labels.tolist() == [1, 0, 1, 0]
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [TRAIN, TRAIN, TEST, TEST]
    assert dataset.attributes["lens"].names == ("x", "y")
    np.testing.assert_array_equal(dataset.attributes["lens"].values, [0, 1, 0, 1])


def test_a_column_with_a_value_for_each_row_is_no_attribute(folder: Path):
    rows(number=[1, 2, 3, 4]).to_csv(folder / "table.csv", index=False)

    assert load_path(folder / "table.csv").attributes == {}


def test_another_label_makes_another_dataset(folder: Path):
    rows().to_csv(folder / "table.csv", index=False)
    first = load_path(folder / "table.csv")
    rows(label=["b", "a", "a", "a"]).to_csv(folder / "table.csv", index=False)

    assert load_path(folder / "table.csv").labels.tolist() == [1, 0, 0, 0]
    assert first.labels.tolist() == [1, 0, 1, 0]


def test_numbers_are_labels_in_their_order(folder: Path):
    rows(label=[10, 9, 10, 9]).to_csv(folder / "table.csv", index=False)

    assert load_path(folder / "table.csv").class_names == ("9", "10")


def test_words_that_mean_nothing_elsewhere_are_classes(folder: Path):
    rows(label=["NA", "None", "null", "None"]).to_csv(folder / "table.csv", index=False)

    dataset = load_path(folder / "table.csv")

    assert dataset.class_names == ("NA", "None", "null")
    assert dataset.labels.tolist() == [0, 1, 2, 1]


def test_numbers_with_leading_zeros_are_classes_of_their_own(folder: Path):
    rows(label=["01", "1", "01", "1"]).to_csv(folder / "table.csv", index=False)

    assert load_path(folder / "table.csv").class_names == ("01", "1")


def test_a_path_may_look_like_a_number(folder: Path, encode):
    for name in ("01", "1.50"):
        (folder / name).write_bytes(encode(0))
    (folder / "table.csv").write_text("path,label\n01,a\n1.50,b\n")

    assert load_path(folder / "table.csv").labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["10", "9", "10", "9"], ("10", "9")),
        (["0.5", "0.5", "1e1", "1e1"], ("0.5", "1e1")),
        (["01", "1", "01", "1"], ("01", "1")),
        (["NA", "NA", "x", "x"], ("NA", "x")),
    ],
)
def test_numbers_and_words_are_attributes(folder: Path, values, names):
    rows(lens=values).to_csv(folder / "table.csv", index=False)

    assert load_path(folder / "table.csv").attributes["lens"].names == names


@pytest.mark.parametrize("values", [[1, 1, None, 1], ["x", "x", "", "x"]])
def test_a_column_with_gaps_is_no_attribute(folder: Path, values):
    rows(lens=values).to_csv(folder / "table.csv", index=False)

    assert load_path(folder / "table.csv").attributes == {}


def test_texts_of_a_parquet_file_stay_texts(folder: Path):
    rows(label=["10", "9", "NA", "1.5"]).to_parquet(folder / "table.parquet")

    assert load_path(folder / "table.parquet").class_names == ("1.5", "10", "9", "NA")


def test_parquet_is_read_like_csv(folder: Path):
    rows().to_csv(folder / "table.csv", index=False)
    rows().to_parquet(folder / "table.parquet")

    csv, parquet = (load_path(folder / f"table.{ending}") for ending in ("csv", "parquet"))

    np.testing.assert_array_equal(csv.inputs, parquet.inputs)
    np.testing.assert_array_equal(csv.labels, parquet.labels)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (rows().rename(columns={"path": "where"}), "no column of paths .*it has where, label"),
        (rows().rename(columns={"label": "what"}), "no column of labels"),
        (
            rows(label=["a", None, "b", "b"]),
            "label: 1 of 4 rows have no label .the first: row 2.: --drop-",
        ),
        (rows(label=[0.5, 1.5, 0.5, 1.5]), "column label: holds real numbers"),
        (rows(label=["a"] * 4), "all 4 samples are of one class"),
        (rows(split=["train", "later", "test", "test"]), "unknown part 'later'"),
        (rows(path=["images/0.png"] * 3 + ["images/9.png"]), "names 1 of 2 files that are not"),
        (rows().head(0), "holds no rows"),
    ],
)
def test_a_table_that_lacks_something_is_refused_in_one_line(folder: Path, table, complaint):
    table.to_csv(folder / "table.csv", index=False)

    with pytest.raises(UserError, match=complaint) as caught:
        load_path(folder / "table.csv")

    assert "\n" not in str(caught.value)
