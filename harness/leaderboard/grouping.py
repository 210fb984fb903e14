"""Sorting many runs into groups by what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from harness.store.excerpt import Common, Excerpt

Key = TypeVar("Key", bound=Hashable)


def grouped(runs: Iterable[Excerpt], key: Callable[[Common], Key]) -> dict[Key, list[Excerpt]]:
    """The runs by `key`, which is asked once for each Common; groups and runs keep their order."""
    groups: dict[Key, list[Excerpt]] = {}
    places: dict[int, list[Excerpt]] = {}
    for run in runs:
        place = places.get(id(run.common))
        if place is None:
            place = places[id(run.common)] = groups.setdefault(key(run.common), [])
        place.append(run)
    return groups


def commons(runs: Iterable[Excerpt]) -> list[Common]:
    """Every Common of the runs once, in their order."""
    return list({id(run.common): run.common for run in runs}.values())
