"""Small images in plain arrays: MNIST, Fashion-MNIST, KMNIST, CIFAR, and all of MedMNIST.

MedMNIST: every 2D and 3D set of the medmnist package's table, at every size, as it splits.
The Python version of CIFAR is pickles, which could run any code; it is not read.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.data.sources import Files, PublishedDataset, PublishedFile

if TYPE_CHECKING:
    from harness.data.dataset import Dataset


_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_DIGITS = tuple("0123456789")
_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


def _files(
    base: str, md5s: tuple[str, ...], contents: tuple[str, ...] = ("",) * 4
) -> tuple[PublishedFile, ...]:
    return tuple(
        PublishedFile(name=name, md5=md5, content_sha256=content, url=f"{base}/{name}")
        for name, md5, content in zip(_NAMES, md5s, contents, strict=True)
    )


def read_idx_set(entry: PublishedDataset, files: Files) -> Dataset:
    """Read four IDX files: inputs uint8 (N, 1, H, W), the training part first."""
    from harness.data.families.idx_arrays import read_pairs

    train, test = _NAMES[:2], _NAMES[2:]
    pairs = [(files[images], files[labels]) for images, labels in (train, test)]
    return read_pairs(entry, pairs, _CLASSES[entry.name])


_CLASSES = {"mnist": _DIGITS, "fashion-mnist": _CLOTHES, "kmnist": _KANA}


def read_ten(entry: PublishedDataset, files: Files) -> Dataset:
    """Read CIFAR-10: inputs uint8 (60000, 3, 32, 32)."""
    from harness.data.families.cifar_records import TEN, read_records

    return read_records(entry, list(files.values()), TEN)


def read_hundred(entry: PublishedDataset, files: Files) -> Dataset:
    """Read CIFAR-100 with its fine labels; attribute coarse."""
    from harness.data.families.cifar_records import HUNDRED, read_records

    return read_records(entry, list(files.values()), HUNDRED)


def _entry(classes: int, md5: str) -> PublishedDataset:
    return PublishedDataset(
        name=f"cifar{classes}",
        family=f"cifar{classes}",
        summary=f"{classes} kinds of objects; 32x32 RGB, 50,000 to train and 10,000 to test",
        source="Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="none stated",
        files=(
            PublishedFile(
                name=f"cifar-{classes}-binary.tar.gz",
                md5=md5,
                url=f"https://www.cs.toronto.edu/~kriz/cifar-{classes}-binary.tar.gz",
                folder_of="test_batch.bin" if classes == 10 else "test.bin",
            ),
        ),
        read=read_ten if classes == 10 else read_hundred,
        obtain="only the binary version is read, for the Python version is pickles",
    )


ENTRIES = (
    PublishedDataset(
        name="mnist",
        family="mnist",
        summary="handwritten digits; 28x28 grey, 60,000 to train and 10,000 to test",
        source="LeCun et al. 1998, http://yann.lecun.com/exdb/mnist/",
        licence="CC BY-SA 3.0",
        files=_files(
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
        ),
        read=read_idx_set,
    ),
    PublishedDataset(
        name="fashion-mnist",
        family="fashion-mnist",
        summary="articles of clothing; 28x28 grey, 60,000 to train and 10,000 to test",
        source="Xiao et al. 2017, https://github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        files=_files(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
            (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ),
        read=read_idx_set,
        folders=(Path("/usr/share/datasets/fashion-mnist"),),
        digest="0c641495b429329f76edb82d25d0487e15a8eac94f013685cf00a186c23b8ce3",
        obtain="Debian's package dataset-fashion-mnist holds them",
    ),
    PublishedDataset(
        name="kmnist",
        family="kmnist",
        summary="cursive Japanese characters; 28x28 grey, 60,000 to train and 10,000 to test",
        source="Clanuwat et al. 2018, http://codh.rois.ac.jp/kmnist/",
        licence="CC BY-SA 4.0",
        files=_files(
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist",
            (
                "bdb82020997e1d708af4cf47b453dcf7",
                "e144d726b3acfaa3e44228e80efcd344",
                "5c965bf0a639b31b8f53240b1b52f4d7",
                "7320c461ea6c1c855c0b718fb2a4b134",
            ),
        ),
        read=read_idx_set,
    ),
    _entry(10, "c32a1d4ab5d03f1284b67883e8d87530"),
    _entry(100, "03b5dce01913d631647c71ecec9e9cb8"),
)


# Importing medmnist would import torch and torchvision and make a folder in the person's home:
# its table is a literal, so it is read and not run.
_FILE, _TABLE = "info.py", "INFO"


@cache
def medmnist_table() -> Mapping[str, Mapping[str, Any]]:
    """Return what the package knows of each set, by its flag; empty if it is not installed."""
    spec = find_spec("medmnist")
    if spec is None or not spec.submodule_search_locations:
        return {}
    path = Path(spec.submodule_search_locations[0]) / _FILE
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and _TABLE in map(_name, statement.targets):
            table: Mapping[str, Mapping[str, Any]] = ast.literal_eval(statement.value)
            return table
    return {}


def _name(target: ast.expr) -> str | None:
    return target.id if isinstance(target, ast.Name) else None


Form = Literal["images", "volumes", "slices"]
_FIRST = (("28", "images"), ("28", "volumes"))
_SOURCE = "Yang et al. 2023, MedMNIST v2, https://medmnist.com"


def medmnist_entries() -> Iterator[PublishedDataset]:
    """List an entry for each set and size; volumes as they are and as their slices."""
    for flag, info in medmnist_table().items():
        for key in info:
            if key == "url" or key.startswith("url_"):
                yield from _entries(flag, info, key.removeprefix("url"))


def _entries(flag: str, info: Mapping[str, Any], ending: str) -> Iterator[PublishedDataset]:
    solid = flag.endswith("3d")
    side = ending.removeprefix("_") or "28"
    name = flag if side == "28" else f"{flag}-{side}"
    file = PublishedFile(
        name=f"{flag}{ending}.npz",
        md5=info[f"MD5{ending}"],
        url=info[f"url{ending}"],
    )
    forms: tuple[Form, ...] = ("volumes", "slices") if solid else ("images",)
    for form in forms:
        yield PublishedDataset(
            name=f"{name}-slices" if form == "slices" else name,
            family="medmnist",
            summary=_summary(info, form, side),
            source=_SOURCE,
            licence=info["license"],
            files=(file,),
            variant_of="" if (side, form) in _FIRST else flag,
            read=_reader(form, info),
        )


def _summary(info: Mapping[str, Any], form: Form, side: str) -> str:
    counts = info["n_samples"]
    colour = "RGB" if info["n_channels"] == 3 else "grey"
    shape = "x".join([side] * (2 if form == "images" else 3))
    what = {
        "images": f"{shape} {colour} images",
        "volumes": f"{shape} volumes, their slices as channels",
        "slices": f"the slices of {shape} volumes, one sample each",
    }[form]
    split = ", ".join(f"{counts[part]:,} {part}" for part in ("train", "val", "test"))
    kind = info["task"].replace("multi-label, binary-class", "multi-label")
    return f"{info['python_class']} ({kind}, {len(info['label'])} classes): {what}; {split}"


def _reader(form: Form, info: Mapping[str, Any]) -> Callable[[PublishedDataset, Files], Dataset]:
    return partial(_read, form=form, info=info)


def _read(entry: PublishedDataset, files: Files, *, form: Form, info: Mapping[str, Any]) -> Dataset:
    from harness.data.families.medmnist_arrays import read_medmnist

    path: Path = files[entry.files[0].name]
    return read_medmnist(entry, path, slices=form == "slices", names=info["label"])
