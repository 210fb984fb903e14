"""Who is compared with whom: methods at points of their spaces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from harness.record import Record

Entrant = tuple[str, str]  # the method's name, its hyperparameters as JSON
Entrants = Mapping[Entrant, list[Record]]


def entrants(records: Sequence[Record]) -> dict[Entrant, list[Record]]:
    """The Records by entrant, in the order of their names."""
    found: dict[Entrant, list[Record]] = {}
    for record in sorted(records, key=key_of):
        found.setdefault(key_of(record), []).append(record)
    return found


def key_of(record: Record) -> Entrant:
    """Whose Record it is."""
    identity = record.identity
    return identity.method, json.dumps(identity.hyperparameters, sort_keys=True)


def label_of(key: Entrant, among: Entrants) -> str:
    """The method's name, with its hyperparameters where there is another of that name."""
    method, point = key
    alone = sum(other == method for other, _ in among) == 1
    return method if alone else f"{method} {point}"


def match(key: Entrant, recorded: Entrants, found: Entrants) -> list[Record]:
    """The candidate's runs of an entrant; at another point, if each side has but one."""
    if key in found:
        return found[key]
    same = [other for other in found if other[0] == key[0]]
    alone = len(same) == 1 and sum(other[0] == key[0] for other in recorded) == 1
    return found[same[0]] if alone else []
