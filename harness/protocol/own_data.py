"""A protocol turned to data that it does not name: a person's own, by an override."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import UserError

KEY = "data"
# What a protocol of another kind of split lacks; its number of folds is kept where it can be.
_CLOSED: Mapping[str, Any] = {"validation_fraction": 0.2, "folds": 1, "labelled_fraction": 1.0}
_DISJOINT: Mapping[str, Any] = {"folds": 4, "fold_rule": "even", "labelled_fraction": 1.0}
_SPLITS: Mapping[str, Mapping[str, Any]] = {
    "class-disjoint": {"test_fraction": 0.5, **_DISJOINT},
    "given-classes": _DISJOINT,
    "closed-set": {"test_fraction": 0.2, **_CLOSED},
    "given": _CLOSED,
}


def own_data(name: str, kind: str) -> str:
    """The override that turns a protocol to own data of this name and kind of split."""
    return f"{KEY}={name}:{kind}"


def divide_overrides(overrides: Sequence[str]) -> tuple[tuple[str, str] | None, list[str]]:
    """Separate name and kind of own data, if an override gives them, from the other overrides.

    Raises UserError for a kind of split that there is not.
    """
    given = [text for text in overrides if text.startswith(f"{KEY}=")]
    others = [text for text in overrides if text not in given]
    if not given:
        return None, others
    name, _, kind = given[-1].removeprefix(f"{KEY}=").strip('"').rpartition(":")
    if not name or kind not in _SPLITS:
        raise UserError(f"--set {given[-1]}: must read data=NAME:KIND ({', '.join(_SPLITS)})")
    return (name, kind), others


def turned(rules: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The rules with a split of that kind; one that the protocol has already stays as it is."""
    split = rules["split"]
    if split["kind"] == kind:
        return dict(rules)
    kept = {key: split[key] for key in _SPLITS[kind] if key in split and key != "folds"}
    return {**rules, "split": {"kind": kind, **_SPLITS[kind], **kept}}
