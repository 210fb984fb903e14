"""The names that people give to columns and arrays: the one list of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.errors import UserError, nearest

INPUTS = (
    *("inputs", "images", "image", "img", "features", "feature", "embeddings", "embedding"),
    *("vectors", "vector", "feats", "feat", "embs", "emb", "data", "x"),
)
LABELS = (
    *("labels", "label", "classes", "class", "targets", "target", "y", "category", "class_name"),
    *("class_id", "label_name", "label_id", "classname"),
)
SPLITS = ("split", "splits", "part", "parts", "subset", "partition", "fold_part")
PATHS = (
    *("path", "paths", "file", "files", "filename", "filenames", "file_name", "filepath"),
    *("file_path", "image", "image_path", "image_id", "img", "img_path"),
)
TEXTS = ("text", "texts", "sentence", "sentences", "document", "documents", "description")
ROWS = (
    *("", "id", "ids", "idx", "index", "row", "row_id", "rowid", "key", "uuid", "sample"),
    *("sample_id", "image_id", "img_id", "item", "nr", "no", "number", "level_0"),
    "__index_level_0__",
)
"""Columns that count or name the rows, and are no dimension."""
ATTRIBUTES = (
    *("camera", "camera_id", "camid", "cam", "group", "group_id", "person", "person_id", "pid"),
    *("product_id", "item_id", "identity", "fold", "role", "weight", "timestamp", "superclass"),
)
"""Further columns that are known to be no dimension."""

_UNNAMED = re.compile(r"unnamed:?_\d+(_level_\d+)?(\.\d+)?")


def key(name: str) -> str:
    """A name without what people vary: case, spaces, the hash that numpy puts before a header."""
    return re.sub(r"[\s-]+", "_", name.strip().removeprefix("#").strip().lower())


def named(wanted: Iterable[str], found: Iterable[str]) -> list[str]:
    """Those of the names found that are in the list wanted, in the order of that list."""
    order = {name: place for place, name in enumerate(wanted)}
    return sorted((one for one in found if key(one) in order), key=lambda one: order[key(one)])


def counts_rows(name: str) -> bool:
    """Whether a column of this name counts or names the rows."""
    return key(name) in ROWS or _UNNAMED.fullmatch(key(name)) is not None


def one_of(name: str, found: Sequence[str], option: str, where: object) -> str:
    """The column that an option names; UserError with the nearest one where there is none."""
    exact = [one for one in found if one == name] or [one for one in found if key(one) == key(name)]
    if len(exact) == 1:
        return exact[0]
    if name.isdigit() and 1 <= int(name) <= len(found):
        return found[int(name) - 1]
    raise UserError(
        f"{where}: {option} {name}: no such column{nearest(name, found)} (it has {listed(found)})"
    )


def listed(names: Sequence[str], most: int = 12) -> str:
    """The names as a text, cut where there are very many."""
    shown = [name if name.strip() else f"'{name}'" for name in names[:most]]
    rest = len(names) - most
    return (", ".join(shown) + (f" and {rest} more" if rest > 0 else "")) or "none"


def spread_out(text: str, found: Sequence[str], where: object) -> list[str]:
    """The columns that `--columns` names: names, numbers, ranges of either, or all."""
    if text.strip() == "all":
        return list(found)
    chosen: list[str] = []
    for part in (one.strip() for one in text.split(",")):
        if part in found or "-" not in part.strip("-"):
            chosen.append(one_of(part, found, "--columns", where))
            continue
        ends = _ends(part, found, where)
        chosen += [one for one in found[ends[0] : ends[1] + 1] if one not in chosen]
    return chosen


def _ends(part: str, found: Sequence[str], where: object) -> tuple[int, int]:
    cuts = [place for place, letter in enumerate(part) if letter == "-" and place > 0]
    for cut in cuts:
        try:
            first, last = (
                found.index(one_of(side.strip(), found, "--columns", where))
                for side in (part[:cut], part[cut + 1 :])
            )
        except UserError:
            continue
        if first <= last:
            return first, last
    raise UserError(f"{where}: --columns {part}: no such range of columns (it has {listed(found)})")
