"""Memory that the core and a process of a plugin both map: a half for what each writes.

Also tensors that several processes look at without a copy each: written once, then sealed.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.errors import UserError

ALIGNMENT = 64
_MOST_BORROWED = 1 << 28
_MOST_HELD = 1 << 12
_MOST_VIEWS = 1 << 9
_HALVES = tuple(1 << power for power in (34, 32, 30, 28))
"""Bytes of one end's half, the largest that the system maps: only what is written takes memory."""


class NothingShared(UserError):
    """This machine lets no memory be shared: what no run can be blamed for."""


class NotLent(Exception):
    """Something was given back that the other end did not have."""


class Memory:
    """What both ends map: two halves, which take no memory until they are written to."""

    def __init__(self) -> None:
        self.descriptor = anonymous_file()
        for half in _HALVES:
            try:
                os.ftruncate(self.descriptor, 2 * half)
                self.map = mmap.mmap(self.descriptor, 2 * half)
            except OSError:
                continue
            self.half = half
            break
        else:
            raise NothingShared(
                f"no {2 * half:,} bytes of memory can be shared with the process of a plugin: a "
                "limit on the size of files or of memory (ulimit -f, ulimit -v) is in the way"
            )
        _seal(self.descriptor)

    @classmethod
    def of(cls, descriptor: int) -> Memory:
        """What another process made, by its descriptor."""
        found = cls.__new__(cls)
        found.descriptor = descriptor
        found.half = os.fstat(descriptor).st_size // 2
        found.map = mmap.mmap(descriptor, 2 * found.half)
        return found

    def close(self) -> None:
        """Let go of the file; the map goes when nothing looks at it any more."""
        os.close(self.descriptor)


def anonymous_file() -> int:
    """A descriptor of a file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("bench", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _seal(descriptor: int) -> None:
    """Let nobody shrink it: the other end would fault where the file ends."""
    if hasattr(os, "memfd_create"):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)


class Views:
    """Tensors on a memory. The same few places come at each step, so each is made once."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._map = memory
        self._made: dict[tuple[object, ...], Tensor] = {}

    def at(self, start: int, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
        """The tensor that lies there."""
        key = (start, dtype, *shape)
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= _MOST_VIEWS:
                self._made.clear()
            count = math.prod(shape)
            with torch.inference_mode(mode=False):  # it is written to outside of it as well
                flat = torch.frombuffer(self._map, dtype=dtype, count=count, offset=start)
                found = self._made[key] = flat.view(tuple(shape))
        return found


class Lent:
    """What the core's larger arrays take of its half: a block each, used again when given back.

    Blocks are of few sizes, so that few of them wait for an array that fits. No more is lent than
    `most_bytes` and what the other end looks at where it lies.
    """

    def __init__(self, start: int, end: int, most_bytes: int) -> None:
        self._left = most_bytes + 2 * _MOST_BORROWED
        self._next = start
        self._end = end
        self._sizes: dict[int, int] = {}
        self._free: dict[int, list[int]] = {}

    def take(self, size: int) -> int:
        """Where so many bytes may be written; MemoryError where there is no place for them."""
        grain = max(ALIGNMENT, 1 << max(0, size.bit_length() - 4))
        size += -size % grain
        if size > self._left:
            raise too_much(size)
        self._left -= size
        waiting = self._free.get(size)
        if waiting:
            start = waiting.pop()
        else:
            start = self._next
            if start + size > self._end:
                self._left += size
                raise too_much(size)
            self._next = start + size
        self._sizes[start] = size
        return start

    def give_back(self, start: object) -> None:
        """Take a block back; raises NotLent for one that was not lent."""
        size = self._sizes.pop(start, None) if type(start) is int else None
        if size is None:
            raise NotLent
        self._left += size
        self._free.setdefault(size, []).append(start)  # type: ignore[arg-type]


class Borrowed:
    """The core's arrays that the other end looks at, where they lie.

    `returned`: the starts of those that nothing looks at any more.
    """

    def __init__(self, memory: mmap.mmap, half: int) -> None:
        self._view = memoryview(memory)[:half]
        self._first = torch.frombuffer(self._view, dtype=torch.uint8, count=1).data_ptr()
        self._most = min(half // 8, _MOST_BORROWED)
        self._size = 0
        self._held: dict[int, weakref.ref[memoryview]] = {}
        self.returned: list[int] = []

    def tensor(self, start: int, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
        """An array that is not copied; or a copy, where this end already looks at a great many."""
        size = math.prod(shape) * dtype.itemsize
        part = self._view[start : start + size]
        found = torch.frombuffer(part, dtype=dtype).view(tuple(shape))
        if self._size + size > self._most or len(self._held) >= _MOST_HELD:
            self.returned.append(start)
            return found.clone()

        def let_go(_: object) -> None:
            with contextlib.suppress(KeyError):
                del self._held[start]
            self._size -= size
            self.returned.append(start)

        self._size += size
        self._held[start] = weakref.ref(part, let_go)
        return found

    def start_of(self, array: Tensor, size: int) -> int | None:
        """Where an array lies in the core's half; None if it lies elsewhere, or is no plain one."""
        if array.device.type != "cpu" or array.layout is not torch.strided:
            return None
        start = array.data_ptr() - self._first
        lies = 0 <= start <= len(self._view) - size and not start % ALIGNMENT
        return start if lies and array.is_contiguous() else None


def too_much(size: int) -> MemoryError:
    """The error for arrays that the shared memory has no place for."""
    return MemoryError(f"{size} bytes at a time do not cross to another process")


@dataclass(frozen=True)
class Shape:
    """What there is to know of a shared tensor beside its descriptor."""

    dtype: torch.dtype
    shape: tuple[int, ...]


def share(tensor: Tensor) -> int:
    """Write a tensor to a file without a name, sealed where the system can; its descriptor."""
    descriptor = anonymous_file()
    content = tensor.detach().cpu().contiguous()
    size = content.numel() * content.element_size()
    os.ftruncate(descriptor, max(size, 1))
    if size:
        with mmap.mmap(descriptor, size) as mapped:
            place = torch.frombuffer(mapped, dtype=content.dtype).view(content.shape)
            place.copy_(content)
            del place
    if hasattr(os, "memfd_create"):
        seal(descriptor)
    return descriptor


def seal(descriptor: int) -> None:
    """Let nobody change a file without a name any more, whoever they are."""
    import fcntl

    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)


def open_shared(descriptor: int, shape: Shape) -> Tensor:
    """The tensor; what is written to it is seen by this process alone."""
    if not math.prod(shape.shape):
        return torch.empty(shape.shape, dtype=shape.dtype)
    mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
    return torch.frombuffer(mapped, dtype=shape.dtype, count=math.prod(shape.shape)).view(
        shape.shape
    )


class Kept:
    """The tensor that was shared last, for the runs that look at the same one."""

    def __init__(self) -> None:
        self._key: str | None = None
        self._descriptor = -1

    def descriptor(self, key: str, tensor: Tensor) -> int:
        """The descriptor of a tensor that has this key."""
        if key != self._key:
            if self._key is not None:
                with contextlib.suppress(OSError):
                    os.close(self._descriptor)
            self._key, self._descriptor = key, share(tensor)
        return self._descriptor
