"""MedMNIST: every 2D and 3D set of the medmnist package's table, at every size, as it splits."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.data.sources.entry import Entry, Files, SourceFile

if TYPE_CHECKING:
    from harness.data.dataset import Dataset

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


def medmnist_entries() -> Iterator[Entry]:
    """List an entry for each set and size; volumes as they are and as their slices."""
    for flag, info in medmnist_table().items():
        for key in info:
            if key == "url" or key.startswith("url_"):
                yield from _entries(flag, info, key.removeprefix("url"))


def _entries(flag: str, info: Mapping[str, Any], ending: str) -> Iterator[Entry]:
    solid = flag.endswith("3d")
    side = ending.removeprefix("_") or "28"
    name = flag if side == "28" else f"{flag}-{side}"
    file = SourceFile(
        name=f"{flag}{ending}.npz",
        md5=info[f"MD5{ending}"],
        url=info[f"url{ending}"],
    )
    forms: tuple[Form, ...] = ("volumes", "slices") if solid else ("images",)
    for form in forms:
        yield Entry(
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


def _reader(form: Form, info: Mapping[str, Any]) -> Callable[[Entry, Files], Dataset]:
    return partial(_read, form=form, info=info)


def _read(entry: Entry, files: Files, *, form: Form, info: Mapping[str, Any]) -> Dataset:
    from harness.data.families.medmnist_arrays import read_medmnist

    path: Path = files[entry.files[0].name]
    return read_medmnist(entry, path, slices=form == "slices", names=info["label"])
