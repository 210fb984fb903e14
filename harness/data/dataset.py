"""`Dataset`: inputs, labels and attributes held in memory, with a digest over all of them."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import UserError


class SealedTestSet(Exception):
    """Test data were asked for while an Objective was alive. Fails the run, even if caught."""


@dataclass
class Seal:
    """Whether the seal is closed, and what was asked for while it was."""

    closed: bool = False
    broken_by: str | None = None


_seal = Seal()


@contextmanager
def sealed() -> Iterator[Seal]:
    """Close the seal; whatever opens a dataset or a test part inside raises SealedTestSet."""
    _seal.closed, _seal.broken_by = True, None
    try:
        yield _seal
    finally:
        _seal.closed = False


def require_open(what: str) -> None:
    """Raise SealedTestSet, and remember it, if the seal is closed."""
    if _seal.closed:
        _seal.broken_by = what
        raise SealedTestSet(
            f"{what} asked for while the objective is alive: the test set is sealed"
        )


class DatasetChanged(UserError):
    """The file of a dataset changed while runs read it: what no run can be blamed for."""


TRAIN, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Attribute:
    """A variable beside the class: one code per sample and the names of the codes.

    `values`: int64, shape (N,), each in [0, len(names)).
    """

    values: npt.NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Images or feature vectors with one class label each.

    `inputs`: uint8 of shape (N, channels, height, width), or float32 of shape (N, features).
    `labels`: int64 of shape (N,), each in [0, len(class_names)).
    `parts`: int8 of shape (N,): TRAIN, VALIDATION or TEST, where the dataset comes with a split.
    `hierarchy`: the attribute that groups classes, for graded relevance; it must be constant
    within each class.
    `notes`: how it was read, where that is not plain: what was left out, and what was assumed.
    `left_out`: how many images or rows of a person's own data are not in it.
    `made_from`: a digest of what inputs were computed from, where processors round them otherwise;
    it counts in their place.
    Arrays are made read-only. Raises ValueError where shapes, dtypes or label values disagree,
    and SealedTestSet while an objective is alive: a dataset holds its test part.
    """

    name: str
    inputs: npt.NDArray[np.uint8] | npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str
    licence: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    hierarchy: str | None = None
    parts: npt.NDArray[np.int8] | None = None
    notes: tuple[str, ...] = ()
    left_out: int = 0
    made_from: str = ""

    def __post_init__(self) -> None:
        require_open(f"dataset {self.name} was")
        count = len(self.labels)
        images = self.inputs.dtype == np.uint8 and self.inputs.ndim == 4
        vectors = self.inputs.dtype == np.float32 and self.inputs.ndim == 2
        if not (images or vectors):
            raise ValueError(
                f"dataset {self.name}: inputs must be uint8 (N, C, H, W) or float32 (N, D), "
                f"not {self.inputs.dtype} {self.inputs.shape}"
            )
        if vectors and not np.isfinite(self.inputs).all():
            raise ValueError(f"dataset {self.name}: inputs hold values that are not finite")
        if self.labels.dtype != np.int64 or self.labels.shape != (len(self.inputs),):
            raise ValueError(
                f"dataset {self.name}: labels must be int64 ({len(self.inputs)},), "
                f"not {self.labels.dtype} {self.labels.shape}"
            )
        _check_codes(f"dataset {self.name}: labels", self.labels, len(self.class_names))
        for name, attribute in self.attributes.items():
            if attribute.values.dtype != np.int64 or attribute.values.shape != (count,):
                raise ValueError(
                    f"dataset {self.name}: attribute {name} must be int64 ({count},), "
                    f"not {attribute.values.dtype} {attribute.values.shape}"
                )
            _check_codes(
                f"dataset {self.name}: attribute {name}", attribute.values, len(attribute.names)
            )
        if self.hierarchy is not None:
            self._check_hierarchy(self.hierarchy)
        if self.parts is not None:
            self._check_parts(self.parts)
            self.parts.flags.writeable = False
        for array in (self.inputs, self.labels, *(a.values for a in self.attributes.values())):
            array.flags.writeable = False

    def _check_hierarchy(self, name: str) -> None:
        if name not in self.attributes:
            raise ValueError(f"dataset {self.name}: hierarchy names no attribute: {name}")
        pairs = np.unique(np.stack([self.labels, self.attributes[name].values]), axis=1)
        if len(np.unique(pairs[0])) < pairs.shape[1]:
            raise ValueError(f"dataset {self.name}: attribute {name} differs within a class")

    def _check_parts(self, parts: npt.NDArray[np.int8]) -> None:
        if parts.dtype != np.int8 or parts.shape != self.labels.shape:
            raise ValueError(
                f"dataset {self.name}: parts must be int8 {self.labels.shape}, "
                f"not {parts.dtype} {parts.shape}"
            )
        if not np.isin(parts, (TRAIN, VALIDATION, TEST)).all():
            raise ValueError(f"dataset {self.name}: parts must be 0, 1 or 2")

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.inputs.shape[1:]))
        count = f"{len(self)} samples of {len(self.class_names)} classes"
        return f"<Dataset {self.name}: {count}, {shape}>"

    @property
    def is_images(self) -> bool:
        """Whether inputs are images rather than feature vectors."""
        return self.inputs.ndim == 4

    @cached_property
    def digest(self) -> str:
        """sha256 over every array, name and class name; the licence and source are not data."""
        return self.measure_digest()

    def measure_digest(self) -> str:
        """Read every array and compute the digest, whether it is known or not."""
        digest = hashlib.sha256()
        if self.made_from:
            _feed_names(digest, ("made from", self.made_from))
        else:
            _feed(digest, "inputs", self.inputs)
        _feed(digest, "labels", self.labels)
        _feed_names(digest, self.class_names)
        for name in sorted(self.attributes):
            _feed(digest, f"attribute {name}", self.attributes[name].values)
            _feed_names(digest, self.attributes[name].names)
        if self.parts is not None:
            _feed(digest, "parts", self.parts)
        if self.hierarchy is not None:
            _feed_names(digest, (f"hierarchy {self.hierarchy}",))
        return digest.hexdigest()

    def require_unchanged(self) -> None:
        """Raise DatasetChanged where inputs on disk are no longer what the digest is of.

        They are read again only where their file was written to or replaced since it was mapped.
        """
        inputs = self.inputs
        if not isinstance(inputs, MappedArray) or not inputs.was_written():
            return
        if self.measure_digest() != self.digest:
            raise DatasetChanged(
                f"dataset {self.name}: {inputs.path} changed while runs read it: what was trained "
                "since the session began may be of other data (`bench forget` takes runs out)"
            )
        inputs.seen = _seen(inputs.path)


def _check_codes(what: str, values: npt.NDArray[np.int64], count: int) -> None:
    if len(values) and (values.min() < 0 or values.max() >= count):
        raise ValueError(f"{what} must lie in 0..{count - 1}")


def _feed(digest: hashlib._Hash, name: str, array: npt.NDArray[np.generic]) -> None:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    digest.update(f"{name} {array.dtype.name} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(little).data)


def _feed_names(digest: hashlib._Hash, names: tuple[str, ...]) -> None:
    digest.update(("\0".join(names) + "\n").encode())


IN_MEMORY_BYTES = 1 << 30
"""Decoded images up to this size are read into memory, where batches are quickest."""


class MappedArray(np.memmap[Any, Any]):
    """An array on disk that crosses to another process as the name of its file, not as bytes."""

    path: Path | None = None
    seen: tuple[int, ...] = ()

    def __array_finalize__(self, obj: Any) -> None:
        """Views and parts of the array are not the file."""
        super().__array_finalize__(obj)
        self.path = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        """The file's name for the whole array; the values for a part of it."""
        if self.path is not None:
            return map_array, (self.path, self.seen)
        return np.asarray(self).__reduce_ex__(protocol)

    def was_written(self) -> bool:
        """Whether its file is another, or was written to, since it was mapped first."""
        return _seen(self.path) != self.seen

    def take_rows(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Read rows of the whole array, in the order of `positions`, into memory.

        The disk is asked for all of them at once: a page at a time would take ten times as long.
        """
        order = np.argsort(positions, kind="stable")
        if hasattr(mmap, "MADV_WILLNEED"):
            self._ask_for(positions[order])
        rows = np.empty((len(positions), *self.shape[1:]), dtype=self.dtype)
        # One image after the other: indexing them at once would copy each twice.
        stored = np.asarray(self)
        for place in order:
            rows[place] = stored[positions[place]]
        return rows

    def _ask_for(self, positions: npt.NDArray[np.int64]) -> None:
        size = int(self.strides[0])
        mapped: mmap.mmap = self._mmap  # type: ignore[attr-defined]
        for position in positions:
            # The map begins at the page that the array does, or a little before it.
            start = self.offset % mmap.ALLOCATIONGRANULARITY + int(position) * size
            page = start - start % mmap.PAGESIZE
            mapped.madvise(mmap.MADV_WILLNEED, page, start + size - page)


def map_array(path: Path, seen: tuple[int, ...] = ()) -> MappedArray:
    """Map a .npy file, read-only; nothing is read yet.

    `seen`: the file as another process found it when it mapped it.
    """
    mapped = np.lib.format.open_memmap(path, mode="r").view(MappedArray)
    mapped.path = path
    mapped.seen = seen or _seen(path)
    return mapped


def _seen(path: Path | None) -> tuple[int, ...]:
    """Which file lies there, and when it was changed; empty where none does."""
    try:
        facts = None if path is None else path.stat()
    except OSError:
        facts = None
    return () if facts is None else (facts.st_ino, facts.st_size, facts.st_mtime_ns)


def open_array(path: Path) -> npt.NDArray[Any]:
    """Read a .npy file if it is small, map it if it is larger than `IN_MEMORY_BYTES`."""
    if path.stat().st_size > IN_MEMORY_BYTES:
        return map_array(path)
    return np.asarray(np.load(path, allow_pickle=False))


UNKNOWN = "unknown"
"""The name of a value that says nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded:
    """An attribute without its unknown value.

    `codes`: int64 (N,), in [0, len(names)), -1 where unknown. `numbers`: float64 (len(names),),
    the values if they are all numbers, else None.
    """

    codes: npt.NDArray[np.int64]
    names: tuple[str, ...]
    numbers: npt.NDArray[np.float64] | None

    def positions(self) -> npt.NDArray[np.float64]:
        """Where each value stands if they are in order: the numbers, or as the dataset lists."""
        if self.numbers is not None:
            return self.numbers
        return np.arange(len(self.names), dtype=np.float64)


def coded(attribute: Attribute) -> Coded:
    """The attribute's values but for `unknown`, in their order."""
    known = [place for place, value in enumerate(attribute.names) if value != UNKNOWN]
    codes = np.full(len(attribute.names), -1, dtype=np.int64)
    codes[known] = np.arange(len(known))
    names = tuple(attribute.names[place] for place in known)
    return Coded(codes=codes[attribute.values], names=names, numbers=_numbers(names))


def _numbers(names: Sequence[str]) -> npt.NDArray[np.float64] | None:
    try:
        values = np.array([float(name) for name in names])
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None
