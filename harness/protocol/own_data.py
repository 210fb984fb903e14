"""A protocol turned to data that it does not name: a person's own, by an override."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
_SEEDED, _FOLDS, _TEST, _VALIDATION = "seeded", "folds=", "test=", "validation=given"
_ROLES = "gallery=given"


@dataclass(frozen=True)
class OwnData:
    """Own data by name, and how a protocol splits them.

    `kind`: of split. `seeded`: classes in drawn order, not in that of their names. `most_folds`:
    of the protocol's class folds so many at most. `test_fraction`: in place of the protocol's.
    `given_validation`: the validation part that the data come with is used, in one fold.
    `by_roles`: their queries search their gallery.
    """

    name: str
    kind: str
    seeded: bool = False
    most_folds: int | None = None
    test_fraction: float | None = None
    given_validation: bool = False
    by_roles: bool = False

    @property
    def override(self) -> str:
        """The override that turns a protocol to these data."""
        words = [self.kind]
        words += [_SEEDED] if self.seeded else []
        words += [f"{_FOLDS}{self.most_folds}"] if self.most_folds else []
        words += [f"{_TEST}{self.test_fraction}"] if self.test_fraction else []
        words += [_VALIDATION] if self.given_validation else []
        words += [_ROLES] if self.by_roles else []
        return f"{KEY}={self.name}:{','.join(words)}"

    def turned(self, rules: Mapping[str, Any]) -> dict[str, Any]:
        """The rules with a split of this kind; one that the protocol has already stays."""
        split = dict(rules["split"])
        if split["kind"] != self.kind:
            defaults = _SPLITS[self.kind]
            kept = {key: split[key] for key in defaults if key in split and key != "folds"}
            split = {"kind": self.kind, **defaults, **kept}
        if self.seeded:
            split["class_seed"] = 0
        if self.most_folds:
            split["folds"] = min(split["folds"], self.most_folds)
        if self.test_fraction:
            split["test_fraction"] = self.test_fraction
        if self.given_validation:
            split["folds"] = 1
            split |= (
                {"validation": "given"}
                if self.kind == "given-classes"
                else {"validation_fraction": 0.0}
            )
        if not self.by_roles:
            return {**rules, "split": split}
        return {**rules, "split": split, "scoring": {**rules["scoring"], "gallery": "given"}}


def divide_overrides(overrides: Sequence[str]) -> tuple[OwnData | None, list[str]]:
    """Separate own data, if an override gives them, from the other overrides.

    Raises UserError for a kind of split that there is not.
    """
    given = [text for text in overrides if text.startswith(f"{KEY}=")]
    others = [text for text in overrides if text not in given]
    if not given:
        return None, others
    name, _, words = given[-1].removeprefix(f"{KEY}=").strip('"').rpartition(":")
    kind, *options = words.split(",")
    values = dict(word.split("=", 1) for word in options if "=" in word)
    try:
        own = OwnData(
            name=name,
            kind=kind,
            seeded=_SEEDED in options,
            most_folds=int(values["folds"]) if "folds" in values else None,
            test_fraction=float(values["test"]) if "test" in values else None,
            given_validation=_VALIDATION in options,
            by_roles=_ROLES in options,
        )
    except ValueError:
        own = OwnData(name, "")
    # What is not understood does not come back.
    if not name or kind not in _SPLITS or own.override != f"{KEY}={name}:{words}":
        raise UserError(
            f"--set {given[-1]}: must read data=NAME:KIND ({', '.join(_SPLITS)}), with any of "
            f",{_SEEDED} ,{_FOLDS}N ,{_TEST}SHARE ,{_VALIDATION} ,{_ROLES} in this order"
        )
    return own, others
