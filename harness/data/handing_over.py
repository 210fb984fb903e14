"""A plugin's dataset: loaded in a process of its own, handed over as arrays and texts.

What arrives is a plain `Dataset` of the core, whatever class the plugin's was, so that its digest
is that of its content.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from harness.data.dataset import IN_MEMORY_BYTES, Attribute, Dataset, MappedArray, map_array
from harness.errors import UserError, one_line, plain
from harness.scratch import scratch_folder

if TYPE_CHECKING:
    from harness.registry import Origin, Reference

LONGEST = 500
_WHERE = "harness.data.handing_over:load_and_write"


def load_apart(load: Reference, name: str) -> Dataset:
    """The dataset that a plugin's function loads, called in a child of this process.

    Raises UserError if it raises or is no dataset.
    """
    from harness.registry.asking import ask

    where = f"dataset '{name}' ({load.origin})"
    with scratch_folder("dataset") as folder:
        said = ask(load.origin, _WHERE, hook=load.hook, name=load.name, folder=str(folder))
        try:
            dataset = _read(said, folder)
            if dataset.name != name:
                raise ValueError(f"load returned one that is named '{dataset.name}'")
        except (OSError, EOFError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(f"{where}: {one_line(error)}") from None
        return dataset


def load_and_write(origin: Origin, *, hook: str, name: str, folder: str) -> dict[str, Any]:
    """In the child: load it, write its arrays, and say the rest."""
    from harness.registry import item

    where = f"dataset '{name}' ({origin})"
    source = item(origin, hook, name)
    try:
        dataset = source.load()
    except UserError:
        raise
    except BaseException as error:
        raise UserError(f"{where}: {one_line(error)}") from error
    if not isinstance(dataset, Dataset):
        raise UserError(f"{where}: load returned {type(dataset).__name__}")
    return _write(dataset, Path(folder))


def _write(dataset: Dataset, folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": dataset.name,
        "class_names": list(dataset.class_names),
        "source": dataset.source,
        "licence": dataset.licence,
        "hierarchy": dataset.hierarchy,
        "parts": dataset.parts is not None,
        "attributes": {key: list(value.names) for key, value in dataset.attributes.items()},
    }
    inputs = dataset.inputs
    if isinstance(inputs, MappedArray) and inputs.path is not None:
        said["mapped"] = str(inputs.path.absolute())
    else:
        np.save(folder / "inputs.npy", inputs, allow_pickle=False)
    np.save(folder / "labels.npy", dataset.labels, allow_pickle=False)
    if dataset.parts is not None:
        np.save(folder / "parts.npy", dataset.parts, allow_pickle=False)
    for place, attribute in enumerate(dataset.attributes.values()):
        np.save(folder / f"attribute-{place}.npy", attribute.values, allow_pickle=False)
    return said


def _read(said: Mapping[str, Any], folder: Path) -> Dataset:
    attributes = {
        _text(key): Attribute(
            values=_array(folder / f"attribute-{place}.npy"), names=tuple(map(_text, names))
        )
        for place, (key, names) in enumerate(said["attributes"].items())
    }
    mapped = said.get("mapped")
    if mapped is not None:
        mapped = map_array(_plain_file(Path(_text(mapped))))
    return Dataset(
        name=_text(said["name"]),
        inputs=_array(folder / "inputs.npy") if mapped is None else mapped,
        labels=_array(folder / "labels.npy"),
        class_names=tuple(map(_text, said["class_names"])),
        source=_text(said["source"]),
        licence=_text(said["licence"]),
        attributes=attributes,
        hierarchy=None if said["hierarchy"] is None else _text(said["hierarchy"]),
        parts=_array(folder / "parts.npy") if said["parts"] else None,
    )


def _array(path: Path) -> npt.NDArray[Any]:
    """An array, in memory if it is small; what is mapped stays when the file's name is gone."""
    large = _plain_file(path).stat().st_size > IN_MEMORY_BYTES
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    return array


def _plain_file(path: Path) -> Path:
    """The path, if reading it comes to an end: no pipe, no device."""
    if not path.is_file():
        raise ValueError(f"{plain(path.name, LONGEST)} is no file")
    return path


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} where a text belongs")
    return plain(value, LONGEST)
