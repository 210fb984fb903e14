"""A line between the core and a process that runs plugin code: small frames, arrays beside them.

A frame is four bytes of length and as much JSON; arrays lie in memory that both ends map, each in
the half that its sender writes. What is received is copied out before it is looked at, so that
nothing changes after it was checked.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import socket
import struct
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from harness.errors import UserError

_LENGTH = struct.Struct("<I")
_LARGEST_FRAME = 1 << 20
_MOST_ARRAYS = 1 << 12
_MOST_DIMENSIONS = 8
_ALIGNMENT = 64
_HALVES = tuple(1 << power for power in (34, 32, 30, 28))
"""Bytes of one end's half, the largest that the system maps: only what is written takes memory."""
_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool,
        torch.uint8,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
    )
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


class BadFrame(Exception):
    """What came is not a frame of this line: who sent it does not keep to the rules."""


class Closed(Exception):
    """The other end is gone."""


@dataclass(frozen=True, eq=False)
class Message:
    """A word, the facts that go with it, and arrays."""

    word: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Sequence[Tensor] = ()


class NothingShared(UserError):
    """This machine lets no memory be shared: what no run can be blamed for."""


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


class Channel:
    """One end of a line. `core`: whether it is the core's; `device`: where arrays are wanted."""

    def __init__(
        self, line: socket.socket, memory: Memory, *, core: bool, device: torch.device
    ) -> None:
        self._line = line
        self._map = memory.map
        self._half = memory.half
        self._mine = 0 if core else memory.half
        self._theirs = memory.half - self._mine
        self._written = 0
        self._device = device
        self._strict = core
        self._unread = bytearray()

    def send(
        self,
        word: str,
        facts: Mapping[str, Any] | None = None,
        arrays: Sequence[Tensor] = (),
    ) -> None:
        """Send a message; raises Closed if nobody hears it."""
        placed = [self._place(array) for array in arrays]
        frame = json.dumps([word, facts or {}, placed]).encode()
        try:
            self._line.sendall(_LENGTH.pack(len(frame)) + frame)
        except OSError:
            raise Closed from None

    def receive(self, wait: Callable[[], None] | None = None) -> Message:
        """The next message. `wait` is called before it may have come, and returns when it has.

        Raises Closed where there will be none, BadFrame for what is none.
        """
        while True:
            frame = self._frame()
            if frame is not None:
                # Whoever answers has read all that was sent before.
                self._written = 0
                return self._parsed(frame)
            if wait is not None:
                wait()
            try:
                read = self._line.recv(1 << 16)
            except OSError:
                raise Closed from None
            if not read:
                raise Closed
            self._unread += read

    def _frame(self) -> bytes | None:
        unread = self._unread
        if len(unread) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(unread)
        if self._strict and length > _LARGEST_FRAME:
            raise BadFrame(f"a frame of {length} bytes (allowed: {_LARGEST_FRAME})")
        end = _LENGTH.size + length
        if len(unread) < end:
            return None
        frame = bytes(unread[_LENGTH.size : end])
        del unread[:end]
        return frame

    def _parsed(self, frame: bytes) -> Message:
        try:
            word, facts, placed = json.loads(frame)
        except (ValueError, TypeError, RecursionError):
            raise BadFrame("a frame that is not of this line") from None
        sound = isinstance(word, str) and isinstance(facts, dict) and isinstance(placed, list)
        if not sound or (self._strict and len(placed) > _MOST_ARRAYS):
            raise BadFrame("a frame that is not of this line")
        return Message(word, facts, [self._copied(place) for place in placed])

    def _place(self, array: Tensor) -> tuple[str, tuple[int, ...], int]:
        """Write an array into this end's half, behind those that are not yet read."""
        size = array.numel() * array.element_size()
        start = self._written
        if array.dtype not in _NAMES:
            raise TypeError(f"tensors of {array.dtype} do not cross to another process")
        if start + size > self._half:
            raise MemoryError(f"{size} bytes at a time do not cross to another process")
        if size:
            self._at(self._mine + start, array.dtype, array.shape).copy_(array.detach())
        self._written = start + size + -size % _ALIGNMENT
        return _NAMES[array.dtype], tuple(array.shape), start

    def _copied(self, place: object) -> Tensor:
        """An array out of the other end's half, as this end's own."""
        if not isinstance(place, list) or len(place) != 3:
            raise BadFrame("an array without type, shape and place")
        name, shape, start = place
        dtype = _DTYPES.get(name) if isinstance(name, str) else None
        if dtype is None or not _is_shape(shape) or not _is_count(start) or start % _ALIGNMENT:
            raise BadFrame("an array without type, shape and place")
        size = math.prod(shape) * dtype.itemsize
        if start + size > self._half:
            raise BadFrame("an array beyond the shared memory")
        if not size:
            return torch.empty(shape, dtype=dtype, device=self._device)
        found = self._at(self._theirs + start, dtype, shape)
        return found.clone() if self._device.type == "cpu" else found.to(self._device)

    def _at(self, start: int, dtype: torch.dtype, shape: Sequence[int]) -> Tensor:
        count = math.prod(shape)
        return torch.frombuffer(self._map, dtype=dtype, count=count, offset=start).view(shape)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_DIMENSIONS and all(map(_is_count, value))
