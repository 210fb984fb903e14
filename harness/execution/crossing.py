"""What crosses to another process: runs and a bench as bytes, plugins and data by reference.

A method is code, often a closure, and cannot be pickled. What travels in its place is its name and
the digest of its code; the other side looks it up among the plugins that it loaded itself.
"""

from __future__ import annotations

import dataclasses
import io
import pickle
from pathlib import Path
from typing import Any

from harness.data.dataset import Dataset
from harness.errors import UserError
from harness.registry import RegisteredMethod, Registry
from harness.registry.files import source_digest


def plugin_files(registry: Registry) -> tuple[Path, ...]:
    """The files given by `--plugin`, for another process to load in the same order."""
    asked_for = (origin for origin in registry.origins.values() if origin.asked_for)
    return tuple(origin.root.absolute() for origin in asked_for if origin.root is not None)


def pack_registry(registry: Registry) -> bytes:
    """Turn what plugins declare into bytes, for a process that need not ask them again.

    Raises UserError for a method that lives in this process and in no plugin.
    """
    known = {field.name: getattr(registry, field.name) for field in dataclasses.fields(registry)}
    try:
        return pickle.dumps(Registry(**known), protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UserError(
            f"what this program defines itself cannot be sent to workers: {error}; use one worker"
        ) from error


def core_digest() -> str:
    """Digest of the benchmark's own code on the disk; bytes may cross only where it agrees."""
    return source_digest(Path(__file__).parents[1])


def pack(thing: object) -> bytes:
    """Turn a PlannedRun, a Bench or any other value that holds methods into bytes."""
    buffer = io.BytesIO()
    _BenchPickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(thing)
    return buffer.getvalue()


def unpack(content: bytes, registry: Registry, dataset: Dataset) -> Any:
    """Turn bytes of `pack` back, with the methods of this process's registry and its dataset.

    Raises UserError if a method is missing here, or is not the code that was packed.
    """
    return _Unpickler(io.BytesIO(content), registry, dataset).load()


class _BenchPickler(pickle.Pickler):
    def persistent_id(self, obj: object) -> tuple[str, ...] | None:
        if isinstance(obj, RegisteredMethod):
            return ("method", obj.method.name, obj.origin.source)
        if isinstance(obj, Registry):
            return ("registry",)
        return ("dataset",) if isinstance(obj, Dataset) else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, registry: Registry, dataset: Dataset) -> None:
        super().__init__(file)
        self._registry = registry
        self._dataset = dataset

    def persistent_load(self, reference: tuple[str, ...]) -> object:
        if reference[0] == "dataset":
            return self._dataset
        if reference[0] == "registry":
            return self._registry
        _, name, source = reference
        registered = self._registry.method(name)
        if registered.origin.source != source:
            raise UserError(
                f"method '{name}': the code of {registered.origin} changed since the session "
                f"began ({source} then, {registered.origin.source} now); start it again"
            )
        return registered
