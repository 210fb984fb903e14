"""Decoding the images of an index to one array on disk: one pass, bounded memory, all cores."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, TRAIN, Dataset
from harness.data.decoded import Decoded, decoded
from harness.data.formats.images import decode_image
from harness.data.formats.trees import Tree, Unreadable, open_tree, walk
from harness.data.known_digest import know_digest
from harness.data.sources.index import ImageIndex
from harness.errors import UserError, counted

# Encoded images held at a time, whatever the dataset's size.
_WINDOW = 64
# Raised when the same files come out as other arrays.
_SEMANTICS = 1

_NAMED = 20
_SHOWN_AFTER = 3.0
"""Seconds from which on it is shown how far decoding has come."""

ReadIndex = Callable[[Tree], ImageIndex]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decoding:
    """How images are decoded.

    `as_seen`: transparent pixels on white, and turned as their tags say. `skip_unreadable`: leave
    images out that cannot be decoded, and say so, where they would stop everything.
    """

    as_seen: bool = False
    skip_unreadable: bool = False

    @property
    def key(self) -> str:
        """What tells the decoded files of one way from those of another; empty for the default."""
        return ("-seen" if self.as_seen else "") + ("-skip" if self.skip_unreadable else "")


AS_PUBLISHED = Decoding()
OWN = Decoding(as_seen=True)


def image_dataset(  # noqa: PLR0913 - what a Dataset says of itself
    name: str,
    paths: Sequence[Path],
    read_index: ReadIndex,
    *,
    size: int,
    source: str,
    licence: str,
    tree: Tree | None = None,
    notes: Sequence[str] = (),
    how: Decoding = AS_PUBLISHED,
) -> Dataset:
    """Return the images that `read_index` finds in folders and archives, size x size pixels.

    They are decoded once for these files and this size. `tree`: how the files are read, where it is
    not by their names. Images that are the same file in training and test parts are logged.
    """
    found = decode_once(name, paths, read_index, size=size, tree=tree, how=how)
    if found.duplicates:
        first, second = found.duplicates[0]
        logger.warning(
            "dataset %s: %d images stand in training and test parts both (the first: %s and %s)",
            *(name, len(found.duplicates), first, second),
        )
    index = found.index
    dataset = Dataset(
        name=name,
        inputs=found.images,
        labels=index.labels,
        class_names=index.class_names,
        source=source,
        licence=licence,
        attributes=index.attributes,
        hierarchy=index.hierarchy,
        parts=index.parts,
        notes=(*notes, *index.notes),
        left_out=index.left_out,
    )
    know_digest(dataset)
    return dataset


def decode_once(
    name: str,
    paths: Sequence[Path],
    read_index: ReadIndex,
    *,
    size: int,
    tree: Tree | None = None,
    how: Decoding = AS_PUBLISHED,
) -> Decoded:
    """Open the decoded images of these files at this size, or decode them."""

    def build(target: Path) -> tuple[ImageIndex, str, list[tuple[str, str]]]:
        files = open_tree(paths) if tree is None else tree
        index = read_index(files)
        digests, failed = decode_all(files, index, target, size=size, as_seen=how.as_seen)
        if failed:
            index, digests = _skipped(index, digests, failed, target, how)
        return index, _joint(index, digests), _duplicates(index, digests)

    return decoded(f"{_safe(name)}-{size}{how.key}-{stamp(name, paths)}", build)


def decode_all(
    tree: Tree, index: ImageIndex, target: Path, *, size: int, as_seen: bool = False
) -> tuple[list[bytes], dict[int, str]]:
    """Decode every image of an index into a .npy file, uint8 (N, channels, size, size).

    Returns the sha256 of each image's encoded bytes, and what is wrong with those that cannot be
    decoded, by their positions. At most `_WINDOW` images are held at a time.
    """
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(index.names):
        positions.setdefault(name, []).append(position)
    digests = [b""] * len(index.names)
    failed: dict[int, str] = {}

    def decode(one: tuple[str, bytes]) -> None:
        name, content = one
        digest = hashlib.sha256(content).digest()
        for position in positions[name]:
            box = None if index.boxes is None else index.boxes[position]
            try:
                image = decode_image(
                    content, name, size=size, channels=index.channels, box=box, as_seen=as_seen
                )
            except UserError as error:
                failed[position] = str(error)
                image = np.zeros(shape[1:], dtype=np.uint8)
            images.put(position, image)
            digests[position] = digest

    shape = (len(index.names), index.channels, size, size)
    # Pillow lets go of the interpreter while it decodes: threads are enough.
    with _Images(target, shape) as images, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        pending: deque[Future[None]] = deque()
        for one in _streamed(tree, positions, failed):
            pending.append(pool.submit(decode, one))
            if len(pending) == _WINDOW:
                pending.popleft().result()
        for future in pending:
            future.result()
    return digests, failed


def _streamed(
    tree: Tree, positions: Mapping[str, Sequence[int]], failed: dict[int, str]
) -> Iterator[tuple[str, bytes]]:
    """The files of a tree, those that cannot be read noted in `failed`; shown if it takes long."""
    from tqdm import tqdm

    names = list(positions)
    with tqdm(
        total=len(names), unit="image", delay=_SHOWN_AFTER, desc=f"decoding {tree.where.name}"
    ) as bar:
        while names:
            try:
                for one in tree.stream(names):
                    bar.update()
                    yield one
                return
            except Unreadable as error:
                failed |= dict.fromkeys(positions[error.name], str(error))
                bar.update()
                names = names[names.index(error.name) + 1 :]


def _skipped(
    index: ImageIndex, digests: list[bytes], failed: dict[int, str], target: Path, how: Decoding
) -> tuple[ImageIndex, list[bytes]]:
    """Leave out what cannot be decoded, if that is wished; UserError naming all of it if not."""
    named = "; ".join(failed[position] for position in sorted(failed)[:_NAMED])
    rest = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    if not how.as_seen and len(failed) == 1:
        raise UserError(named)
    if not how.skip_unreadable:
        option = ": --skip-unreadable leaves them out" if how.as_seen else ""
        raise UserError(
            f"{len(failed)} of {len(index.names)} images cannot be read{option}: {named}{rest}"
        )
    left = index.without(failed)
    if not left.names:
        raise UserError(f"nothing is left without what cannot be read: {named}{rest}")
    kept = np.setdiff1d(np.arange(len(index.names)), sorted(failed))
    images = np.load(target, mmap_mode="r")
    partial = target.with_suffix(".kept")
    with _Images(partial, (len(kept), *images.shape[1:])) as chosen:
        for place, position in enumerate(kept):
            chosen.put(place, images[position])
    del images
    partial.replace(target)
    note = f"{counted(len(failed), 'image')} that cannot be read left out: {named}{rest}"
    gone = len(index.class_names) - len(left.class_names)
    lost = [f"without another image, left out: {counted(gone, 'class')}"] if gone else []
    notes = (*index.notes, note, *lost)
    left = replace(left, notes=notes, left_out=index.left_out + len(failed))
    return left, [digests[position] for position in kept]


class _Images:
    """A .npy file of uint8 images that come in any order.

    They are written and not mapped: a page fault for every 4 kB takes longer than the copy, and a
    full disk would be a signal in place of an OSError.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._file = path.open("wb", buffering=0)
        self._lock = Lock()
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        self._start = self._file.tell()

    def __enter__(self) -> _Images:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, position: int, image: npt.NDArray[np.uint8]) -> None:
        """Write one image to its place; from any thread."""
        rest = image.data.cast("B")
        with self._lock:
            self._file.seek(self._start + position * image.nbytes)
            while rest:
                rest = rest[self._file.write(rest) :]


def _joint(index: ImageIndex, digests: Sequence[bytes]) -> str:
    joint = hashlib.sha256()
    for name, digest in zip(index.names, digests, strict=True):
        joint.update(name.encode("utf-8", "surrogateescape") + b"\0" + digest)
    return joint.hexdigest()


def _duplicates(index: ImageIndex, digests: Sequence[bytes]) -> list[tuple[str, str]]:
    if index.parts is None:
        return []
    trained = {
        digest: name
        for name, digest, part in zip(index.names, digests, index.parts, strict=True)
        if part == TRAIN
    }
    return [
        (trained[digest], name)
        for name, digest, part in zip(index.names, digests, index.parts, strict=True)
        if part == TEST and digest in trained
    ]


def stamp(name: str, paths: Sequence[Path]) -> str:
    """Which files these are, without reading them: names, sizes and times, first 12 digits."""
    stamp = hashlib.sha256(f"{_SEMANTICS} {name}".encode())
    for path in paths:
        files = sorted(_files(path)) if path.is_dir() else [path]
        for file in files:
            facts = file.stat() if file.exists() else file.lstat()
            shown = str(file.absolute()).encode("utf-8", "surrogateescape")
            stamp.update(shown + f"\0{facts.st_size} {facts.st_mtime_ns}\n".encode())
    return stamp.hexdigest()[:12]


def _files(folder: Path) -> Iterator[Path]:
    for place, names in walk(folder):
        yield from (place / name for name in names)


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)[:80]
