"""Datasets decoded once: uint8 images in one file, mapped into memory from then on."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute, open_array
from harness.data.home import cache_folder
from harness.data.sources.index import ImageIndex
from harness.errors import UserError

_TABLE, _IMAGES, _ARRAYS = "decoded.json", "images.npy", "codes.npz"
_PARTIAL = ".partial-"


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """A decoded dataset: images uint8 (N, C, H, W) beside what the index knows of them.

    `duplicates`: pairs of names of images that are the same file, one in a training part and one
    in a test part. `source_digest`: sha256 over the images' names and encoded bytes.
    """

    images: npt.NDArray[np.uint8]
    index: ImageIndex
    source_digest: str
    duplicates: tuple[tuple[str, str], ...]


def decoded(
    key: str, build: Callable[[Path], tuple[ImageIndex, str, list[tuple[str, str]]]]
) -> Decoded:
    """Open what was decoded under `key`, or decode it now.

    `build(path)` writes the images to that .npy file and returns the index, the digest of the
    sources and the duplicates. What it leaves is seen by others as a whole or not at all: it is
    written beside and renamed, and removed if it fails.
    """
    home = cache_folder()
    place = home / key
    if not (place / _TABLE).exists():
        with _partial(home, key) as partial:
            index, digest, duplicates = build(partial / _IMAGES)
            _write_index(partial, index, digest, duplicates)
            _put(partial, place)
    return _open(place)


@contextmanager
def _partial(home: Path, key: str) -> Iterator[Path]:
    folder = home / f"{_PARTIAL}{os.getpid()}-{key}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder
    except OSError as error:
        raise UserError(f"{home}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(home: Path) -> None:
    """Remove what processes left that were killed while they decoded."""
    for left in home.glob(f"{_PARTIAL}*"):
        process = left.name.removeprefix(_PARTIAL).split("-")[0]
        if process.isdigit() and not _alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _put(partial: Path, place: Path) -> None:
    # Another process may have decoded the same meanwhile: either will do.
    with suppress(OSError):
        partial.rename(place)
    if not (place / _TABLE).exists():
        raise UserError(f"{place}: cannot be written")


def _write_index(
    folder: Path, index: ImageIndex, digest: str, duplicates: list[tuple[str, str]]
) -> None:
    codes: dict[str, npt.NDArray[Any]] = {"labels": index.labels}
    if index.parts is not None:
        codes["parts"] = index.parts
    for number, attribute in enumerate(index.attributes.values()):
        codes[f"attribute{number}"] = attribute.values
    np.savez(folder / _ARRAYS, allow_pickle=False, **codes)
    table = {
        "names": index.names,
        "class_names": index.class_names,
        "channels": index.channels,
        "attributes": {name: one.names for name, one in index.attributes.items()},
        "hierarchy": index.hierarchy,
        "source_digest": digest,
        "duplicates": duplicates,
        "notes": index.notes,
        "left_out": index.left_out,
    }
    (folder / _TABLE).write_text(json.dumps(table), encoding="utf-8")


def _open(place: Path) -> Decoded:
    try:
        table: Mapping[str, Any] = json.loads((place / _TABLE).read_text(encoding="utf-8"))
        images = open_array(place / _IMAGES)
        with np.load(place / _ARRAYS, allow_pickle=False) as codes:
            index = ImageIndex(
                names=tuple(table["names"]),
                labels=codes["labels"],
                class_names=tuple(table["class_names"]),
                channels=table["channels"],
                parts=codes.get("parts"),
                attributes={
                    name: Attribute(values=codes[f"attribute{number}"], names=tuple(names))
                    for number, (name, names) in enumerate(table["attributes"].items())
                },
                hierarchy=table["hierarchy"],
                notes=tuple(table.get("notes", ())),
                left_out=int(table.get("left_out", 0)),
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{place}: is damaged ({error}); remove it to decode again") from error
    return Decoded(
        images=images,
        index=index,
        source_digest=table["source_digest"],
        duplicates=tuple((first, second) for first, second in table["duplicates"]),
    )
