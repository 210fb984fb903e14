"""A line between the core and a process that runs plugin code: small frames, arrays beside them.

A frame is its length, a number, a value, and JSON. Arrays lie in memory that both ends map, each in
the half that its sender writes. The core copies out what it receives before it looks at it, so that
nothing changes after it was checked. The other end looks at the larger arrays where they lie,
and says when it has let go of them. What it sends back unread never leaves the core's cache.
"""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from harness.apart.memory import ALIGNMENT, Borrowed, Lent, Memory, NotLent, Views, too_much

_HEAD = struct.Struct("<Iqd")
_LARGEST_FRAME = 1 << 20
_LENT_FROM = 1 << 15
_MOST_ARRAYS = 1 << 12
_MOST_DIMENSIONS = 8
_MOST_BYTES = 1 << 32
_MOST_KNOWN, _LARGEST_KNOWN = 1 << 8, 1 << 10
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


class TooMuch(BadFrame):
    """What came would take more of the core's memory than the other end may have it take."""


class Closed(Exception):
    """The other end is gone."""


class Message(NamedTuple):
    """A word, the facts that go with it, and arrays. `number`, `value`: what changes at each step.

    The facts may be those of an earlier message too: nobody changes them.
    """

    word: str
    facts: Mapping[str, Any]
    arrays: Sequence[Tensor]
    number: int
    value: float


class _ArrayPlace(NamedTuple):
    """Where an array lies. `lent`: in a block of the core's half that the other end gives back."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    lent: bool


_Parsed = tuple[str, Mapping[str, Any], Sequence[_ArrayPlace], Sequence[int]]


class Channel:
    """One end of a line. `core`: whether it is the core's; `device`: where arrays are wanted.

    `most_bytes`: of the arrays of a message that the core takes.
    """

    def __init__(
        self,
        line: socket.socket,
        memory: Memory,
        *,
        core: bool,
        device: torch.device,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._line = line
        self._most_bytes = most_bytes
        self._half = memory.half
        self._mine = 0 if core else memory.half
        self._written = 0
        # The core lends blocks of the rest of its half.
        self._at_once = memory.half // 4 if core else memory.half
        self._device = device
        self._views = Views(memory.map)
        self._lent = Lent(self._at_once, memory.half, most_bytes) if core else None
        self._borrowed = None if core else Borrowed(memory.map, memory.half)
        self._unread = bytearray()
        self._unsent = b""
        # Most messages are as those of the step before, but for their number and value.
        self._texts: dict[Any, bytes] = {}
        self._known: dict[bytes, _Parsed] = {}

    def send(
        self,
        word: str,
        facts: Mapping[str, Any] | None = None,
        arrays: Sequence[Tensor] = (),
        *,
        number: int = 0,
        value: float = 0.0,
        later: bool = False,
    ) -> None:
        """Send a message, `later` with the next one; raises Closed if nobody hears it."""
        placed = tuple([self._place(array) for array in arrays])
        returned: list[int] = []
        if self._borrowed is not None:
            returned, self._borrowed.returned = self._borrowed.returned, returned
        text = self._text(word, facts or {}, placed, returned)
        self._unsent += _HEAD.pack(len(text), number, value) + text
        if not later:
            self._flush()

    def _text(
        self,
        word: str,
        facts: Mapping[str, Any],
        placed: Sequence[tuple[Any, ...]],
        returned: Sequence[int],
    ) -> bytes:
        key = (word, *facts.items(), placed, *returned)
        try:
            text = self._texts.get(key)
        except TypeError:  # facts that cannot be told from others quickly
            return json.dumps([word, facts, placed, returned]).encode()
        if text is None:
            text = json.dumps([word, facts, placed, returned]).encode()
            _keep(self._texts, key, text)
        return text

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, b""
        try:
            self._line.sendall(unsent)
        except OSError:
            raise Closed from None

    def receive(self, wait: Callable[[], None] | None = None) -> Message:
        """The next message. `wait` is called before it may have come, and returns when it has.

        Raises Closed where there will be none, BadFrame for what is none.
        """
        if self._unsent:
            self._flush()
        while True:
            message = self._message()
            if message is not None:
                return message
            if wait is not None:
                wait()
            try:
                read = self._line.recv(1 << 16)
            except OSError:
                raise Closed from None
            if not read:
                raise Closed
            self._unread += read

    def _message(self) -> Message | None:
        unread = self._unread
        if len(unread) < _HEAD.size:
            return None
        length, number, value = _HEAD.unpack_from(unread)
        if self._lent is not None and length > _LARGEST_FRAME:
            raise BadFrame(f"a frame of {length} bytes (allowed: {_LARGEST_FRAME})")
        end = _HEAD.size + length
        if len(unread) < end:
            return None
        text = bytes(unread[_HEAD.size : end])
        del unread[:end]
        # Whoever answers has read all that was sent before.
        self._written = 0
        parsed = self._known.get(text)
        if parsed is None:
            parsed = self._parsed(text)
            _keep(self._known, text, parsed)
        word, facts, places, returned = parsed
        # Before anything is given back: it may be among what is looked at.
        arrays = [self._found(place) for place in places]
        if self._lent is not None:
            try:
                for start in returned:
                    self._lent.give_back(start)
            except NotLent:
                raise BadFrame("an array that is given back and was not lent") from None
        return Message(word, facts, arrays, number, value)

    def _parsed(self, text: bytes) -> _Parsed:
        try:
            word, facts, placed, returned = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            raise BadFrame("a frame that is not of this line") from None
        sound = isinstance(word, str) and isinstance(facts, dict) and isinstance(placed, list)
        if not sound or not isinstance(returned, list):
            raise BadFrame("a frame that is not of this line")
        if self._lent is not None and len(placed) > _MOST_ARRAYS:
            raise BadFrame("a frame that is not of this line")
        places = [self._read_place(place) for place in placed]
        size = sum(math.prod(place.shape) * place.dtype.itemsize for place in places)
        if self._lent is not None and size > self._most_bytes:
            raise TooMuch(f"{size:,} bytes at a time (allowed: {self._most_bytes:,})")
        return word, facts, places, returned

    def _read_place(self, place: object) -> _ArrayPlace:
        if not isinstance(place, list) or len(place) != 4:
            raise BadFrame("an array without type, shape and place")
        name, shape, start, lent = place
        dtype = _DTYPES.get(name) if isinstance(name, str) else None
        if dtype is None or not _is_shape(shape) or not _is_count(start) or start % ALIGNMENT:
            raise BadFrame("an array without type, shape and place")
        if start + math.prod(shape) * dtype.itemsize > self._half:
            raise BadFrame("an array beyond the shared memory")
        return _ArrayPlace(dtype, tuple(shape), start, lent is True)

    def _place(self, array: Tensor) -> tuple[str, tuple[int, ...], int, bool]:
        """Put an array where the other end can read it: type, shape, start, whether it is lent."""
        size = array.numel() * array.element_size()
        name, shape = _NAMES.get(array.dtype), tuple(array.shape)
        if name is None:
            raise TypeError(f"tensors of {array.dtype} do not cross to another process")
        if not size:
            return name, shape, 0, False
        if self._borrowed is not None:
            lies = self._borrowed.start_of(array, size)
            if lies is not None:
                return name, shape, lies, True
        start, written = self._written, self._written + size + -size % ALIGNMENT
        lends = self._lent is not None and (size >= _LENT_FROM or written > self._at_once)
        if lends:
            assert self._lent is not None
            start = self._lent.take(size)
        elif written > self._at_once:
            raise too_much(size)
        else:
            self._written = written
        self._views.at(self._mine + start, array.dtype, shape).copy_(array.detach())
        return name, shape, start, lends

    def _found(self, place: _ArrayPlace) -> Tensor:
        """An array of the other end: the core's own copy of it, or where it lies."""
        device = self._device
        if not math.prod(place.shape):
            return torch.empty(place.shape, dtype=place.dtype, device=device)
        if place.lent and self._borrowed is not None:
            found = self._borrowed.tensor(place.start, place.dtype, place.shape)
            return found if device.type == "cpu" else found.to(device)
        # What was lent lies in the core's half, also where the other end speaks of it.
        half = self._mine if place.lent else self._half - self._mine
        found = self._views.at(half + place.start, place.dtype, place.shape)
        return found.clone() if device.type == "cpu" else found.to(device)


def _keep(memory: dict[Any, Any], key: Any, value: Any) -> None:
    """Remember a few small things: who sends ever others has none of them remembered for long."""
    if len(memory) >= _MOST_KNOWN:
        memory.clear()
    text = value if isinstance(value, bytes) else key
    if len(text) <= _LARGEST_KNOWN:
        memory[key] = value


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_DIMENSIONS and all(map(_is_count, value))
