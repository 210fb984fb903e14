"""Mappings that cost nothing until they are read: a board of many runs shows few of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Deferred(Mapping[Key, Value], Generic[Key, Value]):
    """The mapping that `make` returns, made when it is first read."""

    def __init__(self, make: Callable[[], Mapping[Key, Value]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Mapping[Key, Value]:
        return self._make()

    def __getitem__(self, key: Key) -> Value:
        return self._made[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def __repr__(self) -> str:
        return repr(self._made)


class Named(Mapping[str, Value], Generic[Value]):
    """A sequence by name: `places` says where each name's value is, and may serve many of them."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: Sequence[Value]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, name: str) -> Value:
        return self._values[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))
