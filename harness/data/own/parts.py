"""The names that people give to the parts of a dataset."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from harness.data.dataset import TEST, TRAIN, VALIDATION, Attribute
from harness.data.splits import GALLERY, QUERY, ROLE
from harness.errors import UserError
from harness.reading.names import key, listed

Parts = npt.NDArray[np.int8]

_TRAIN = ("train", "training", "trn", "bounding_box_train")
_VALIDATION = ("val", "valid", "validation", "dev")
_TEST = ("test", "testing", "tst")
_EITHER = ("eval", "evaluation")
_QUERY = ("query", "queries", "probe", "test_query")
_GALLERY = ("gallery", "galleries", "bounding_box_test", "test_gallery")
_KINDS = (_TRAIN, _VALIDATION, _TEST, _EITHER, _QUERY, _GALLERY)
NAMES = tuple(name for names in _KINDS for name in names)
_ROLES = (QUERY, GALLERY, "none")
_SAID = {TRAIN: "training part", VALIDATION: "validation part", TEST: "test part"}
_TAIL = re.compile(r"_?(sets?|images?|imgs|data|split|part|folder|files|\d+)$")


def is_part(name: str) -> bool:
    """Whether a name is that of a part."""
    return _key(name) in NAMES


def _key(name: str) -> str:
    """A part's name without what people add to it: train_set, val2017, test-images, tests."""
    plain = key(name)
    if plain in NAMES:
        return plain
    cut = _TAIL.sub("", plain)
    return cut.removesuffix("s") if cut.removesuffix("s") in NAMES else cut


def codes_of_parts(names: Collection[str], where: object) -> tuple[Mapping[str, int], list[str]]:
    """Which part each of the names is, and what is to be said of it.

    `eval` is the test part, or the validation part beside another test part; a validation part
    without a test part is the test part. Names of one kind (`train`, `training`) are one part.
    Queries search a gallery where both are there.
    Raises UserError for a name that is none of a part.
    """
    strange = sorted(name for name in names if not is_part(name))
    if strange:
        raise UserError(
            f"{where}: unknown part '{strange[0]}' (allowed: train, val, test, eval, "
            "query, gallery)"
        )
    keys = {name: _key(name) for name in names}
    tested = any(one in (*_TEST, *_QUERY, *_GALLERY) for one in keys.values())
    evaluated = any(one in _EITHER for one in keys.values())
    codes, notes = {}, []
    for name, one in sorted(keys.items()):
        if one in _TRAIN:
            codes[name] = TRAIN
        elif one in _VALIDATION:
            codes[name] = VALIDATION if tested or evaluated else TEST
            if not (tested or evaluated):
                notes.append(f"its part '{name}' is the test part: there is no other")
        elif one in _EITHER:
            codes[name] = VALIDATION if tested else TEST
            notes.append(f"its part '{name}' is the {'validation' if tested else 'test'} part")
        else:
            codes[name] = TEST
    for kind in _KINDS:
        alike = sorted(name for name, one in keys.items() if one in kind)
        if len(alike) > 1:
            notes.append(
                f"its parts {listed(alike)} are taken as one, the {_SAID[codes[alike[0]]]}"
            )
    return codes, notes + _of_searching({name for name, code in codes.items() if code == TEST})


def _of_searching(tested: Collection[str]) -> list[str]:
    """What is to be said of parts that are tested and whose names leave open what searches what."""
    roles = {name: _role(_key(name)) for name in sorted(tested)}
    queries, gallery, others = (
        [name for name, found in roles.items() if found == role] for role in _ROLES
    )
    if queries and gallery:
        return [f"its part {name!r} is neither query nor gallery: not tested" for name in others]
    lacking = "gallery" if queries else "query"
    return [
        f"its part {name!r} is tested like any test part, each sample against all others: there is "
        f"no part '{lacking}'"
        for name in queries + gallery
    ]


def parts_of(values: Sequence[str], where: object) -> tuple[Parts, dict[str, Attribute], list[str]]:
    """Parts of samples, `roles_of` them, and what is to be said."""
    codes, notes = codes_of_parts(set(values), where)
    parts = np.array([codes[value] for value in values], dtype=np.int8)
    return parts, roles_of(values), notes


def roles_of(values: Sequence[str]) -> dict[str, Attribute]:
    """The attribute `role` of samples by the names of their parts; empty where none is a query."""
    kinds = {value: _role(_key(value)) for value in set(values)}
    if not {QUERY, GALLERY} <= set(kinds.values()):
        return {}
    names = tuple(sorted(set(kinds.values())))
    codes = np.array([names.index(kinds[value]) for value in values], dtype=np.int64)
    return {ROLE: Attribute(values=codes, names=names)}


def _role(name: str) -> str:
    return QUERY if name in _QUERY else GALLERY if name in _GALLERY else _ROLES[-1]
