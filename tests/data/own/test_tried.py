"""The table of docs/data.md: what was tried, and what came of it, as it comes today.

Run this file to write the table anew.
"""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.data.own import load_path
from harness.data.own.inputs import load_inputs
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
    "images without folders, to `bench embed`": to_embed("x.png", "y.png"),
    "images in folders, to `bench embed`": to_embed("a/x.png", "b/y.png"),
}  # fmt: skip


def row(what: str, tried: Callable[[Path], str], folder: Path) -> str:
    try:
        came = tried(folder)
    except UserError as error:
        came = f"refused: {error}"
    came = came.replace(f"{folder}{os.sep}", "").replace("|", "\\|")
    return f"| {what} | {came} |\n"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("what", TRIED)
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
