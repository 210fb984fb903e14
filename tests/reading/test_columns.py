"""Which column of a table is what: whatever people name them, the same scores, or one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.errors import UserError
from harness.reading import Reading, codes_of, other_rows, read_embeddings, read_labels

POINTS = np.round(np.random.default_rng(0).normal(size=(6, 3)), 3)
CLASSES = np.array([3, 1, 3, 1, 2, 2])
PLAIN = pd.DataFrame(POINTS, columns=["d0", "d1", "d2"])
Written = Callable[[pd.DataFrame, str], Path]


@pytest.fixture(params=["csv", "parquet"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Written:
    """Writes a table in each format."""

    def written(frame: pd.DataFrame, name: str = "table") -> Path:
        path = tmp_path / f"{name}.{request.param}"
        if request.param == "csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path)
        return path

    return written


@pytest.mark.parametrize(
    "column", ["", "Unnamed: 0", "id", "ID", "index", "Image ID", "row", "idx", "sample_id"]
)
def test_a_column_that_counts_rows_is_no_dimension(write: Written, column: str) -> None:
    frame = PLAIN.copy()
    frame.insert(0, column, range(1000, 1006))
    found = read_embeddings(write(frame, "t"))
    np.testing.assert_array_equal(found.rows, POINTS)
    assert "left out" in found.notes[0]


@pytest.mark.parametrize("column", ["Label", "LABELS", "class", "Class", "target", "y", "category"])
@pytest.mark.parametrize("values", [CLASSES, CLASSES.astype(float), CLASSES.astype(str)])
def test_a_column_of_labels_is_no_dimension_whatever_its_name(
    write: Written, column: str, values: np.ndarray
) -> None:
    path = write(PLAIN.assign(**{column: values}), "t")
    np.testing.assert_array_equal(read_embeddings(path).rows, POINTS)
    assert read_labels(path).values.astype(str).tolist() == CLASSES.astype(str).tolist()


@pytest.mark.parametrize("index", ["sku", None, "id"])
def test_the_index_that_pandas_writes_is_no_dimension(tmp_path: Path, index: str | None) -> None:
    frame = PLAIN.set_axis(pd.Index(range(1000, 1006), name=index))
    frame.to_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(read_embeddings(tmp_path / "t.parquet").rows, POINTS)
    if index != "sku":
        frame.to_csv(tmp_path / "t.csv")
        np.testing.assert_array_equal(read_embeddings(tmp_path / "t.csv").rows, POINTS)


def test_names_that_are_numbers_are_no_row(tmp_path: Path) -> None:
    frame = pd.DataFrame(POINTS)
    for index in (True, False):
        frame.to_csv(tmp_path / "t.csv", index=index)
        np.testing.assert_array_equal(read_embeddings(tmp_path / "t.csv").rows, POINTS)


def test_a_first_line_that_may_be_either_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("0,1\n1,0\n5,7\n")
    with pytest.raises(UserError, match=r"is the first line .0, 1. a row or names of columns"):
        read_embeddings(tmp_path / "t.csv")
    assert len(read_embeddings(tmp_path / "t.csv", Reading(header=False)).rows) == 3
    assert len(read_embeddings(tmp_path / "t.csv", Reading(header=True)).rows) == 2


@pytest.mark.parametrize("column", ["age", "price", "sku"])
def test_a_stranger_among_dimensions_is_refused_and_settled(write: Written, column: str) -> None:
    path = write(PLAIN.assign(**{column: [5.5, 2, 1, 7, 9, 1]}), "t")
    with pytest.raises(UserError, match=rf"column {column} beside d0, d1, d2.* --columns 'd0-d2'"):
        read_embeddings(path)
    assert read_embeddings(path, Reading(columns="d0-d2")).rows.shape == (6, 3)
    assert read_embeddings(path, Reading(columns=f"d0-d2,{column}")).rows.shape == (6, 4)


def test_a_column_of_whole_numbers_among_real_ones_is_asked_for(write: Written) -> None:
    frame = pd.DataFrame(POINTS, columns=["a", "b", "c"]).assign(sku=range(50, 56))
    with pytest.raises(UserError, match="column sku beside a, b, c: dimensions or not"):
        read_embeddings(write(frame, "t"))


def test_a_headless_column_that_counts_is_asked_for(tmp_path: Path) -> None:
    PLAIN.to_csv(tmp_path / "t.csv", header=False)
    with pytest.raises(UserError, match="column 1 beside 2, 3, 4"):
        read_embeddings(tmp_path / "t.csv")
    found = read_embeddings(tmp_path / "t.csv", Reading(columns="2-4"))
    np.testing.assert_array_equal(found.rows, POINTS)


def test_a_count_of_the_rows_is_not_all_that_is_scored(write: Written) -> None:
    words = [f"1,{100 + place}.5" for place in range(6)]
    path = write(pd.DataFrame({"label": CLASSES, "a": words, "b": range(6)}), "t")
    with pytest.raises(UserError, match=r"b may be a dimension, and that counts .*first '1,100.5'"):
        read_embeddings(path)
    assert read_embeddings(path, Reading(columns="b")).rows.shape == (6, 1)


def test_coordinates_x_and_y_are_dimensions(write: Written) -> None:
    path = write(pd.DataFrame(POINTS[:, :2], columns=["x", "y"]).assign(label=CLASSES), "t")
    np.testing.assert_array_equal(read_embeddings(path).rows, POINTS[:, :2])
    assert read_labels(path).values.tolist() == CLASSES.tolist()


def test_two_columns_of_labels_are_asked_for(write: Written) -> None:
    path = write(PLAIN.assign(label=CLASSES, category=[1, 1, 1, 2, 2, 2]), "t")
    with pytest.raises(UserError, match="label, category may each be the labels: --label-column"):
        read_labels(path)
    chosen = read_labels(path, Reading(label_column="category"))
    assert chosen.values.tolist() == [1, 1, 1, 2, 2, 2]


def test_an_id_and_a_name_of_the_same_classes_are_no_doubt(write: Written) -> None:
    names = [f"bird {label}" for label in CLASSES]
    path = write(PLAIN.assign(label=CLASSES, class_name=names), "t")
    assert read_labels(path).values.tolist() == CLASSES.tolist()
    np.testing.assert_array_equal(read_embeddings(path).rows, POINTS)


@pytest.mark.parametrize("gap", ["", None, np.nan])
def test_missing_labels_are_refused_or_left_out(write: Written, gap: object) -> None:
    path = write(PLAIN.assign(label=["a", gap, "b", "a", gap, "b"]), "t")
    with pytest.raises(UserError, match=r"2 of 6 rows have no label .the first: row 2.: --drop"):
        read_labels(path)
    kept = read_labels(path, Reading(drop_missing=True))
    assert kept.values.tolist() == ["a", "b", "a", "b"]
    assert kept.of(POINTS, "points", "labels").tolist() == POINTS[[0, 2, 3, 5]].tolist()
    assert "2 rows without a label left out" in kept.notes[0]


def test_missing_labels_among_numbers_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.array([1.0, np.nan, 2.0]))
    (tmp_path / "y.csv").write_text("id,label\n1,1.0\n2,\n3,2.0\n")
    for name in ("y.npy", "y.csv"):
        with pytest.raises(UserError, match="1 of 3 rows have no label"):
            read_labels(tmp_path / name)
        found = read_labels(tmp_path / name, Reading(drop_missing=True))
        assert found.values.tolist() == [1, 2]


@pytest.mark.parametrize(
    "texts",
    [["1_1", "11"], ["01", "1"], ["1.0", "1"], ["+1", "1"], ["1e1", "10"], ["c3", "c3 "]],
)
def test_labels_that_are_written_apart_stay_apart(tmp_path: Path, texts: list[str]) -> None:
    lines = "".join(f"{number},{text}\n" for number, text in enumerate(texts * 2))
    (tmp_path / "y.csv").write_text("id,label\n" + lines)
    (tmp_path / "one.csv").write_text("label\n" + "".join(f"{text}\n" for text in texts * 2))
    for name in ("y.csv", "one.csv"):
        codes = codes_of(read_labels(tmp_path / name).values)[0]
        assert len(np.unique(codes)) == 2


@pytest.mark.parametrize(("texts", "said"), [
    (["c3", "c3 "], "'c3', 'c3 ' are classes of their own, though they differ in little"),
    (["01", "1"], "'01', '1' are classes of their own"),
    (["Cat", "cat"], "'Cat', 'cat' are classes"),
    (["nan", "b"], "'nan' is taken for the name of a class"),
])  # fmt: skip
def test_names_that_differ_in_little_are_told(tmp_path: Path, texts: list[str], said: str) -> None:
    (tmp_path / "y.csv").write_text("label\n" + "".join(f"{text}\n" for text in texts))
    assert said in read_labels(tmp_path / "y.csv").notes[0]


def test_real_labels_are_refused_unless_they_are_texts(tmp_path: Path) -> None:
    (tmp_path / "y.csv").write_text("label\n0.5\n1.5\n")
    with pytest.raises(UserError, match=r"real numbers \(0\.5\).*--text-labels"):
        read_labels(tmp_path / "y.csv")
    found = read_labels(tmp_path / "y.csv", Reading(text_labels=True))
    assert found.values.tolist() == ["0.5", "1.5"]


@pytest.mark.parametrize("key", ["features", "embeddings", "feats", "X", "vectors", "data"])
@pytest.mark.parametrize("name", ["labels", "y", "targets", "class"])
def test_arrays_have_the_names_that_columns_have(tmp_path: Path, key: str, name: str) -> None:
    np.savez(tmp_path / "a.npz", **{key: POINTS, name: CLASSES})
    np.testing.assert_array_equal(read_embeddings(tmp_path / "a.npz").rows, POINTS)
    assert read_labels(tmp_path / "a.npz").values.tolist() == CLASSES.tolist()


def test_lists_of_parquet_and_csv_are_vectors(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": range(6), "embedding": POINTS.tolist(), "label": CLASSES})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    for name in ("t.parquet", "t.csv"):
        np.testing.assert_array_equal(read_embeddings(tmp_path / name).rows, POINTS)
        assert read_labels(tmp_path / name).values.tolist() == CLASSES.tolist()


def test_lists_of_several_lengths_are_refused(tmp_path: Path) -> None:
    pd.DataFrame({"emb": [[1.0, 2], [1.0], [2.0, 3]]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(UserError, match="column emb: row 2 has 1 numbers, the first 2"):
        read_embeddings(tmp_path / "t.parquet")


def test_columns_in_another_order_are_matched_by_name(write: Written) -> None:
    first = read_embeddings(write(PLAIN, "a"))
    second = read_embeddings(write(PLAIN[["d2", "d0", "d1"]], "b")).like(first, "b")
    np.testing.assert_array_equal(second.rows, POINTS)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_delimiters_and_encodings_are_told(tmp_path: Path, delimiter: str, encoding: str) -> None:
    frame = PLAIN.assign(label=["Vögel", "é", "Vögel", "é", "ü", "ü"])
    frame.to_csv(tmp_path / "t.csv", sep=delimiter, encoding=encoding, index=False)
    np.testing.assert_array_equal(read_embeddings(tmp_path / "t.csv").rows, POINTS)
    assert set(read_labels(tmp_path / "t.csv").values.tolist()) == {"Vögel", "é", "ü"}


def test_decimal_commas_are_read(tmp_path: Path) -> None:
    for header in (True, False):
        PLAIN.to_csv(tmp_path / "t.csv", sep=";", decimal=",", index=False, header=header)
        np.testing.assert_array_equal(read_embeddings(tmp_path / "t.csv").rows, POINTS)


def test_what_numpy_writes_is_read(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "t.txt", POINTS)
    np.testing.assert_array_equal(read_embeddings(tmp_path / "t.txt").rows, POINTS)


def test_a_number_with_an_underscore_is_no_number(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("d0,d1\n1.5,2\n1_1,2\n3,4\n")
    with pytest.raises(UserError, match="line 3: column d0: '1_1' is no number"):
        read_embeddings(tmp_path / "t.csv")


def test_as_many_labels_as_rows_are_needed(tmp_path: Path) -> None:
    (tmp_path / "y.csv").write_text("0\n1\n1\n2\n")
    with pytest.raises(UserError, match=r"4 labels for the 3 rows of X.*--header or --no-header"):
        read_labels(tmp_path / "y.csv").of(POINTS[:3], "X", "y.csv")
    assert read_labels(tmp_path / "y.csv", Reading(header=True)).values.tolist() == [1, 1, 2]


def test_names_of_hugging_face_classes_are_the_labels(tmp_path: Path) -> None:
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"embedding": POINTS.tolist(), "label": [0, 1, 0, 1, 1, 0]})
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    told = json.dumps({"info": {"features": features}})
    pq.write_table(table.replace_schema_metadata({"huggingface": told}), tmp_path / "t.parquet")
    assert read_labels(tmp_path / "t.parquet").values.tolist() == [
        *("cat", "dog", "cat", "dog", "dog", "cat")
    ]


def test_labels_with_the_index_of_a_series_are_read(tmp_path: Path) -> None:
    pd.Series(CLASSES).to_csv(tmp_path / "y.csv")
    assert read_labels(tmp_path / "y.csv").values.tolist() == CLASSES.tolist()


def test_embeddings_alone_hold_no_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", POINTS)
    with pytest.raises(UserError, match=r"X\.npy: holds vectors and no labels"):
        read_labels(tmp_path / "X.npy")


def test_a_delimiter_that_is_none_is_answered_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("d0:d1:label\n" + "1:2:a\n3:4:b\n" * 3)
    with pytest.raises(UserError, match="commas, semicolons, tabs, bars or blanks stand between"):
        read_embeddings(tmp_path / "t.csv")


def test_a_spreadsheet_is_answered_with_what_to_save(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"t.xlsx: is a spreadsheet: save the sheet as .csv"):
        read_embeddings(tmp_path / "t.xlsx")


IDS = [f"im{place}.png" for place in range(6)]
TURNED = [1, 0, 2, 3, 5, 4]


@pytest.mark.parametrize(
    ("ours", "theirs", "names", "moved"),
    [
        ("id", "ID", IDS, "'im0.png' (column id) is row 1 of"),
        ("filename", "path", IDS, "'im0.png' (column filename) is row 1 of"),
        ("id", "id", list(range(6)), "'0' (column id) is row 1 of"),
        ("id", "row", list(range(6)), None),  # numbers of other columns tell nothing
        ("id", "id", ["a", *IDS[1:5], "a"], None),  # no names: two rows have one
    ],
)
def test_rows_that_their_names_put_in_another_order_are_told(
    write: Written, ours: str, theirs: str, names: list[object], moved: str | None
) -> None:
    """Scores by labels of other samples were near chance, in silence."""
    points = write(PLAIN.assign(**{ours: names}), "points")
    same = write(pd.DataFrame({theirs: names, "label": CLASSES}), "same")
    turned = write(pd.DataFrame({theirs: names, "label": CLASSES}).iloc[TURNED], "turned")
    assert other_rows(points, same) is None
    said = other_rows(points, turned)
    assert said is None if moved is None else said is not None and said.startswith(moved)
    if moved is not None:
        assert f"row 2 of {turned}: sort one as the other" in said


def test_rows_that_are_counted_from_0_and_from_1_are_the_same(write: Written) -> None:
    points = write(PLAIN.assign(id=range(6)), "points")
    assert other_rows(points, write(pd.DataFrame({"id": range(1, 7), "y": CLASSES}), "y")) is None


def test_a_text_that_names_another_row_is_told_though_others_differ(write: Written) -> None:
    points = write(PLAIN.assign(path=IDS), "points")
    names = ["x.png", *IDS[:5]]
    said = other_rows(points, write(pd.DataFrame({"path": names, "y": CLASSES}), "y"))
    assert said is not None
    assert said.startswith("'im0.png' (column path) is row 1 of")
