"""Who asks and who is searched in a test part, where its dataset says so; and what is no answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute, Dataset
from harness.errors import UserError, nearest
from harness.protocol.scoring import ScoringRule

ROLE, QUERY, GALLERY = "role", "query", "gallery"
Int64 = npt.NDArray[np.int64]


def has_roles(attributes: Mapping[str, Attribute], among: npt.NDArray[np.bool_]) -> bool:
    """Whether some of these samples ask and others are searched: bool (N,) says which count."""
    role = attributes.get(ROLE)
    if role is None:
        return False
    held = {role.names[code] for code in np.unique(role.values[among])}
    return {QUERY, GALLERY} <= held


def roles_of(dataset: Dataset, positions: Int64, rule: ScoringRule) -> dict[str, Int64]:
    """The arrays that a run needs to be scored by roles or with exclusion; empty for other rules.

    `test_roles`: (N,), 0 for a query, 1 and on for the rule's galleries, -1 for none of them.
    `test_exclude`: (N, X), the codes of the rule's columns. Raises UserError for an attribute that
    the dataset lacks, and for a gallery without an item of a query's class.
    """
    found: dict[str, Int64] = {}
    if rule.gallery == "given":
        role = _attribute(dataset, ROLE, "gallery = 'given'")
        codes = {name: code for code, name in enumerate((QUERY, *rule.galleries))}
        table = np.array([codes.get(name, -1) for name in role.names], dtype=np.int64)
        found["test_roles"] = table[role.values[positions]]
        _require_answers(dataset, positions, found["test_roles"], rule)
    if rule.exclude:
        columns = [_attribute(dataset, name, "exclude").values for name in rule.exclude]
        found["test_exclude"] = np.stack([column[positions] for column in columns], axis=1)
    return found


def searches(dataset: Dataset, positions: Int64, rule: ScoringRule) -> Iterator[str]:
    """Say who asks what is searched, and what is no answer; nothing where all search each other."""
    found = roles_of(dataset, positions, rule)
    if rule.gallery == "given":
        roles = found["test_roles"]
        shelves = " and ".join(
            f"{int((roles == place).sum()):,} of {name}"
            for place, name in enumerate(rule.galleries, 1)
        )
        yield f"{int((roles == 0).sum()):,} queries of the test part search {shelves}"
    if rule.exclude:
        yield f"no answer to a query: items of its class with its {' or '.join(rule.exclude)}"


def _attribute(dataset: Dataset, name: str, key: str) -> Attribute:
    if name not in dataset.attributes:
        held = sorted(dataset.attributes)
        raise UserError(
            f"dataset {dataset.name}: scoring.{key} needs its attribute {name}"
            f"{nearest(name, held)} (it has {', '.join(held) or 'none'})"
        )
    return dataset.attributes[name]


def _require_answers(dataset: Dataset, positions: Int64, roles: Int64, rule: ScoringRule) -> None:
    labels = dataset.labels[positions]
    asking = np.unique(labels[roles == 0])
    for place, name in enumerate(rule.galleries, 1):
        shelf = labels[roles == place]
        if not len(asking) or not len(shelf):
            lacking = QUERY if not len(asking) else name
            raise UserError(
                f"dataset {dataset.name}: scoring.gallery = 'given': no sample of the test part "
                f"has the role {lacking}"
            )
        if not np.isin(asking, shelf).any():
            raise UserError(
                f"dataset {dataset.name}: scoring.gallery = 'given': no query of the test part "
                f"has an item of its class in {name}"
            )
        if len(np.unique(shelf)) < 2:
            raise UserError(
                f"dataset {dataset.name}: scoring.gallery = 'given': all of {name} are of one class"
            )
