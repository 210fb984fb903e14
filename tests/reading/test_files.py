"""Reading embeddings and labels from the files people have."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from harness.errors import UserError
from harness.reading import codes_of, read_embeddings, read_labels

POINTS = np.array([[1.5, -2.0], [0.0, 4.0], [3.0, 1e-3]])
LABELS = np.array([7, 2**40, 7])


def written(folder: Path, kind: str) -> tuple[Path, Path]:
    points, labels = folder / f"points.{kind}", folder / f"labels.{kind}"
    if kind == "npy":
        np.save(points, POINTS)
        np.save(labels, LABELS)
    elif kind == "npz":
        np.savez(points, embeddings=POINTS, other=LABELS)
        np.savez(labels, labels=LABELS, other=POINTS)
    elif kind == "safetensors":
        save_file({"embeddings": POINTS, "other": LABELS}, points)
        save_file({"only": LABELS}, labels)
    elif kind == "parquet":
        pd.DataFrame(POINTS, columns=["x", "y"]).to_parquet(points)
        pd.DataFrame({"label": LABELS}).to_parquet(labels)
    else:
        points.write_text("x,y\n1.5,-2\n0,4\n3,1e-3\n")
        labels.write_text("image,label\na.png,7\nb.png,1099511627776\nc.png,7\n")
    return points, labels


@pytest.mark.parametrize("kind", ["npy", "npz", "safetensors", "csv", "parquet"])
def test_embeddings_come_back(kind: str, tmp_path: Path) -> None:
    assert read_embeddings(written(tmp_path, kind)[0]).rows == pytest.approx(POINTS)


@pytest.mark.parametrize("kind", ["npy", "npz", "safetensors", "csv", "parquet"])
def test_labels_come_back(kind: str, tmp_path: Path) -> None:
    assert read_labels(written(tmp_path, kind)[1]).values.tolist() == LABELS.tolist()


def test_a_csv_file_needs_no_header(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("1.5,-2\n0,4\n3,1e-3\n")
    assert read_embeddings(tmp_path / "points.csv").rows == pytest.approx(POINTS)


def test_a_column_of_labels_is_no_dimension(tmp_path: Path) -> None:
    (tmp_path / "both.csv").write_text("x,label,y\n1.5,cat,-2\n0,dog,4\n3,cat,1e-3\n")
    assert read_embeddings(tmp_path / "both.csv").rows == pytest.approx(POINTS)
    assert read_labels(tmp_path / "both.csv").values.tolist() == ["cat", "dog", "cat"]


def test_a_parquet_column_of_labels_is_no_dimension(tmp_path: Path) -> None:
    path = tmp_path / "both.parquet"
    pd.DataFrame({"x": POINTS[:, 0], "label": LABELS, "y": POINTS[:, 1]}).to_parquet(path)
    assert read_embeddings(path).rows == pytest.approx(POINTS)
    assert read_labels(path).values.tolist() == LABELS.tolist()


def test_a_column_of_words_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"x": POINTS[:, 0], "image": ["a", "b", "c"]}).to_parquet(path)
    found = read_embeddings(path)
    assert found.rows.tolist() == POINTS[:, :1].tolist()
    assert found.notes == ("a.parquet: not dimensions, left out: image",)


def test_one_column_of_names_is_labels(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("cat\ndog\ncat\n")
    assert read_labels(tmp_path / "labels.csv").values.tolist() == ["cat", "dog", "cat"]


def test_a_label_may_hold_a_hash(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("C\nC#\n#1\nC\n")
    assert read_labels(tmp_path / "labels.csv").values.tolist() == ["C", "C#", "#1", "C"]


def test_a_row_of_embeddings_that_begins_with_a_hash_is_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("x,y\n1,2\n#3,4\n")
    with pytest.raises(UserError, match="line 3: column x: '#3' is no number"):
        read_embeddings(tmp_path / "points.csv")


@pytest.mark.parametrize("header", ["", "label\n", "# label\n"])
def test_a_quoted_label_may_hold_a_comma(header: str, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(f'{header}"Smith, J"\n\n"Smith, K"\nDoe\n')
    assert read_labels(tmp_path / "labels.csv").values.tolist() == ["Smith, J", "Smith, K", "Doe"]


def test_a_quoted_title_may_hold_a_comma(tmp_path: Path) -> None:
    (tmp_path / "both.csv").write_text('"x, in mm",label,y\n1.5,cat,-2\n0,dog,4\n3,cat,1e-3\n')
    assert read_embeddings(tmp_path / "both.csv").rows == pytest.approx(POINTS)
    assert read_labels(tmp_path / "both.csv").values.tolist() == ["cat", "dog", "cat"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Doe\nDoe\nSmith, J\n", "line 3 has 2 columns, the first has 1"),
        ("image,label\na.png,cat\nb.png\n", "line 3 has 1 columns, the first has 2"),
        ("image,label\n", "holds no rows"),
        ('label\ncat\n"dog\ncat\n', "line 3: a quotation mark is opened and not closed"),
        ('label\ncat\n"dog" brown\n', "line 3: .* expected after"),
        ("sep=;\nimage;label\na;b\n", "line 1 is Excel's 'sep=;': remove it"),
    ],
)
def test_labels_that_cannot_be_told_are_one_clear_line(
    content: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(UserError, match=said) as caught:
        read_labels(tmp_path / "labels.csv")
    assert "\n" not in str(caught.value)


def test_a_compressed_array_with_any_byte_damaged_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, embeddings=POINTS)
    content = path.read_bytes()
    said = set()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            read_embeddings(path)
        except UserError as error:
            said.add(str(error))
    assert any("is cut off or damaged" in line for line in said)
    assert not any("\n" in line for line in said)


def test_names_get_one_code_on_both_sides() -> None:
    first, second = codes_of(np.array(["cat", "dog"]), np.array(["eel", "dog", "cat"]))
    assert (first.tolist(), second.tolist()) == ([0, 1], [2, 1, 0])


def test_integers_stay_what_they_are() -> None:
    assert codes_of(LABELS)[0] is LABELS


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.npy", b"", "is empty"),
        ("a.npy", b"hello there", "is not a npy file"),
        ("a.npz", b"\x93NUMPY and so on", "is not a npz file"),
        ("a.npz", b"PK\x03\x04 but no archive", "it is no whole npz file"),
        ("a.npy", b"\x93NUMPY\x01\x00v\x00 cut", "it is no whole npy file"),
        ("a.npy", pickle.dumps([1, 2]), "is not a npy file"),
        ("a.safetensors", b"no tensors here", "it is no whole safetensors file"),
        ("a.parquet", b"no table here", "is not a parquet file"),
        ("a.csv", b"x,y\n1,2\n3\n", "line 3 has 1 columns, the first has 2"),
        (
            "a.csv",
            b"a,b\n1.5,2\n1.5,two\n",
            "line 3: column b: 'two' is no number",
        ),
        ("a.csv", b"1,2\n\x00\x01\x00", "cannot be read as a table"),
        ("a.csv", b"x,y\n", "holds no rows"),
        ("a.pt", b"anything", "cannot tell the format from '.pt'"),
        ("a.cvs", b"1,2", "did you mean '.csv'"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_file_that_is_not_what_it_says_is_one_clear_line(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=said) as caught:
        read_embeddings(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_number_alone_is_no_embeddings(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.float32(3))
    np.savez(tmp_path / "a.npz", embeddings=np.float32(3), epoch=7)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(UserError, match=f"{name}: holds one number, not a vector a row"):
            read_embeddings(tmp_path / name)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        read_embeddings(tmp_path / "none.npy")


class Trap:
    """What must never run."""

    def __reduce__(self) -> tuple:
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_pickle_inside_an_array_is_never_loaded(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    save = np.save if suffix == "npy" else np.savez
    save(path, np.array([Trap()], dtype=object))
    with pytest.raises(UserError, match="Python objects, which are never loaded"):
        read_embeddings(path)


def test_several_arrays_without_the_name_are_listed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", first=POINTS, second=POINTS)
    with pytest.raises(
        UserError,
        match="holds first, second: none of them named",
    ):
        read_embeddings(tmp_path / "a.npz")


def test_several_columns_without_a_name_are_no_labels(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n3,5.5\n")
    said = (
        r"no column of labels .*it has 1, 2 \(is its first line a row\? --no-header\): --label-col"
    )
    with pytest.raises(UserError, match=said):
        read_labels(tmp_path / "a.csv")


def test_labels_with_a_fraction_are_refused() -> None:
    with pytest.raises(UserError, match="integers or names"):
        codes_of(np.array([0.5, 1.0]))
