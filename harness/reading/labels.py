"""Labels: texts as they are written; which column has them, and which are missing."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, counted
from harness.reading.encodings import TEXTS
from harness.reading.names import LABELS, PATHS, key, listed, named, one_of
from harness.reading.opening import open_source
from harness.reading.options import AS_IT_IS, Reading
from harness.reading.source import Array, ReadColumn, Source
from harness.reading.text_table import REAL

# Other texts than these would merge as numbers: 01 and 1, 1_1 and 11.
_PLAIN_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_PLAIN_POINT = re.compile(r"(0|-?[1-9][0-9]*)\.0+")
_NO_NAMES = frozenset({"nan", "none", "null", "na", "n/a", "<na>", "nat"})


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of the rows that are kept: integers or texts, shape (kept rows,).

    `kept`: bool, of every row of the file: those that have a label.
    """

    values: Array
    kept: npt.NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    def of(self, rows: Array, where: object, source: object) -> Array:
        """The rows of embeddings that have a label; UserError if there are not as many."""
        if len(rows) != len(self.kept):
            near = abs(len(rows) - len(self.kept)) == 1
            near &= Path(str(source)).suffix.lower() in TEXTS or Path(str(where)).suffix in TEXTS
            hint = " (is a first line of names read as a row? --header or --no-header)"
            raise UserError(
                f"{source}: {len(self.kept)} labels for the {len(rows)} rows of {where}"
                f"{hint if near else ''}"
            )
        return rows if self.kept.all() else rows[self.kept]


def read_labels(path: Path, reading: Reading = AS_IT_IS) -> Labels:
    """Read one label a row of a table, or of a file of arrays.

    Raises UserError where it cannot be told which column they are in, and for labels that are
    missing or real numbers, each with the option that settles it.
    """
    source = open_source(path, reading)
    name = label_column(source, reading)
    if name is None:
        raise UserError(
            f"{path}: no column of labels (one of {', '.join(LABELS[:8])}); it has "
            f"{listed(source.names)}{held_by(source)}: --label-column names it"
        )
    if source.kind(name) == "vectors" and source.array(name).shape[1] > 1:
        if key(name) in LABELS:
            shape = source.array(name).shape
            raise UserError(f"{path}: {name} of shape {shape}: one label a sample is needed, (N,)")
        raise UserError(f"{path}: holds vectors and no labels: give the file that has them")
    found = settled(source.column(name), f"{path}: column {name}", reading)
    return Labels(found.values, found.kept, (*source.notes, *found.notes))


def read_groups(
    path: Path, name: str, reading: Reading = AS_IT_IS, *, option: str = "--by"
) -> Array:
    """A column by its name, as texts: (rows,). UserError for one that is not there."""
    source = open_source(path, reading)
    column = source.column(one_of(name, source.names, option, path))
    return np.where(column.missing, "none", column.values.astype(np.str_))


def label_column(source: Source, reading: Reading) -> str | None:
    """Which column has the labels; None if there is none. UserError where several may."""
    if reading.label_column is not None:
        return one_of(reading.label_column, source.names, "--label-column", source.where)
    found = label_columns(source)
    if not found:
        return _by_elimination(source)
    if len(found) > 1 and not _same_classes([source.column(name) for name in found]):
        raise UserError(
            f"{source.where}: columns {listed(found)} may each be the labels: "
            "--label-column says which"
        )
    return found[0]


_PARTS = ("train", "test")


def held_by(source: Source) -> str:
    """Why a column that is named as labels are has none, or what else may be read wrongly."""
    if not source.table and all(any(one in key(n) for n in source.names) for one in _PARTS):
        return (
            " (join the parts: one array of inputs, one of labels, and an array split that says "
            "train or test)"
        )
    for name in named(LABELS, source.names):
        if source.kind(name) in ("vectors", "other", "encoded"):
            if source.kind(name) == "encoded":
                return f" ({name} holds bytes: write texts)"
            what = "lists" if source.kind(name) == "vectors" else "nothing, or lists"
            return (
                f" ({name} holds {what}: one label a sample is needed; bench score takes several "
                "in one text, with --label-separator)"
            )
    headed = source.table and getattr(source, "headed", True)
    if headed and any(one.isdigit() or "." in one for one in source.names):
        return " (is its first line a row? --no-header)"
    return ""


def _by_elimination(source: Source) -> str | None:
    """The one column that is left, or the one array that can hold labels."""
    if len(source.names) == 1:
        return source.names[0]
    paths = set() if source.table else set(named(PATHS, source.names))
    left = [name for name in source.names if name not in {*source.row_names, *paths}]
    fitting = [name for name in left if source.kind(name) in ("whole", "text")]
    if len(fitting) != 1 or (source.table and len(left) > 1):
        return None
    source.notes.append(f"{source.where.name}: {fitting[0]} is taken for the labels")
    return fitting[0]


def label_columns(source: Source) -> list[str]:
    """Columns that have a name of labels, and hold what can be labels."""
    return [name for name in named(LABELS, source.names) if _can_be(source, name)]


def _can_be(source: Source, name: str) -> bool:
    kind = source.kind(name)
    if kind == "real" and source.table and key(name) == "y":
        # A coordinate has the name of a label, and values that are none.
        column = source.column(name)
        numbers = _as_numbers(column)
        return numbers is None or bool((numbers == np.rint(numbers)).all())
    return kind in ("whole", "real", "text") or not source.table


def _as_numbers(column: ReadColumn) -> npt.NDArray[np.float64] | None:
    try:
        return column.values[~column.missing].astype(np.float64)
    except ValueError:
        return None


def _same_classes(columns: list[ReadColumn]) -> bool:
    """Whether columns are names of the same classes: an id and a name, say."""
    codes = [np.unique(column.values, return_inverse=True)[1] for column in columns]
    if len({len(one) for one in codes}) > 1:
        return False
    pairs = len(np.unique(np.stack(codes), axis=1).T)
    return all(int(one.max()) + 1 == pairs for one in codes)


def settled(column: ReadColumn, where: str, reading: Reading) -> Labels:
    """Labels from a column by the one rule; UserError for missing ones and real numbers."""
    missing = column.missing
    if missing.any() and not reading.drop_missing:
        raise UserError(
            f"{where}: {int(missing.sum())} of {len(missing)} rows have no label (the first: row "
            f"{int(np.argmax(missing)) + 1}): --drop-missing leaves them out"
        )
    if missing.all():
        held = "no row has a label" if len(missing) else "holds no rows"
        raise UserError(f"{where}: {held}")
    values, notes = _plain(column.values[~missing], where, reading, typed=column.typed), []
    if missing.any():
        notes.append(f"{where}: {counted(int(missing.sum()), 'row')} without a label left out")
    if values.dtype.kind == "U":
        names = np.unique(values).tolist()
        notes += [f"{where}: {line}" for line in (*odd_names(names), *_several(names))]
    return Labels(values, ~missing, tuple(notes))


def _plain(values: Array, where: str, reading: Reading, *, typed: bool) -> Array:
    if values.dtype.kind == "b":
        return values.astype(np.str_)
    if values.dtype.kind in "iu":
        return values
    if values.dtype.kind == "f":
        if reading.text_labels:
            return values.astype(np.str_)
        odd = ~np.isfinite(values) | (values != np.rint(values))
        if odd.any():
            raise _real(where, str(values[odd][0]))
        if np.abs(values).max() >= 2**53:
            raise UserError(f"{where}: labels too large to be told apart as real numbers")
        return values.astype(np.int64)
    if values.dtype.kind != "U":
        raise UserError(f"{where}: labels are {values.dtype}, not texts or whole numbers")
    return values if typed or reading.text_labels else _written(values, where)


def _written(texts: Array, where: str) -> Array:
    """Whole numbers where every text is the one way to write one, and else the texts."""
    distinct, inverse = np.unique(texts, return_inverse=True)
    for form in (_PLAIN_WHOLE, _PLAIN_POINT):
        if all(form.fullmatch(text) for text in distinct):
            try:
                numbers = [int(text.partition(".")[0]) for text in distinct]
                kind = np.uint64 if max(numbers) > np.iinfo(np.int64).max else np.int64
                return np.asarray(np.array(numbers, dtype=kind)[inverse])
            except OverflowError:
                return texts
    real = [text for text in distinct if not _PLAIN_POINT.fullmatch(text) and "." in text]
    if real and all(REAL.fullmatch(text) for text in distinct):
        raise _real(where, real[0])
    return texts


def _real(where: str, first: str) -> UserError:
    return UserError(
        f"{where}: holds real numbers ({first}), not texts or whole numbers: --text-labels takes "
        "them as they are written"
    )


def codes_of(*labels: Array) -> list[Array]:
    """Give names of classes numbers, the same name the same number in each; integers stay."""
    if all(side.dtype.kind in "iu" for side in labels):
        return list(labels)
    if any(side.dtype.kind not in "iuU" for side in labels):
        raise UserError("labels must be integers or names, nothing else")
    names = np.unique(np.concatenate([side.astype(np.str_) for side in labels]))
    return [np.searchsorted(names, side.astype(np.str_)) for side in labels]


def odd_names(names: Iterable[str]) -> Iterator[str]:
    """Say which names of classes differ in little, and which mean that there is none."""
    alike: dict[str, list[str]] = {}
    for name in names:
        seen = "".join(one for one in name if unicodedata.category(one) != "Cf")
        folded = " ".join(unicodedata.normalize("NFKC", seen).casefold().split())
        alike.setdefault(_as_number(folded) or folded, []).append(name)
        if folded in _NO_NAMES:
            yield f"'{name}' is taken for the name of a class"
    for several in alike.values():
        if len(several) > 1:
            shown = ", ".join(f"'{_visible(name)}'" for name in several[:4])
            yield f"{shown} are classes of their own, though they differ in little"


def _several(names: Sequence[str]) -> Iterator[str]:
    """Say that labels may hold several: their parts come in other labels too."""
    for separator in "|;,":
        parts = {
            name: {part.strip() for part in name.split(separator)}
            for name in names
            if separator in name
        }
        counts = Counter(part for some in parts.values() for part in some)
        counts.update(name for name in names if name not in parts)
        if parts and any(counts[part] > 1 for some in parts.values() for part in some):
            first = next(iter(parts))
            yield (
                f"'{_visible(first)}' may be several labels, and is taken for one class: training "
                f"takes one label a sample; bench score takes several, by --label-separator "
                f"'{separator}'"
            )
            return


def _as_number(text: str) -> str | None:
    """One way to write a finite number, however it is written: 1, 01, +1, 1.0 and 1e0 are one."""
    if not REAL.fullmatch(text) or not any(map(str.isdigit, text)):
        return None
    try:
        return str(Decimal(text).normalize())
    except InvalidOperation:
        return None


def _visible(name: str) -> str:
    """A name with what cannot be seen of it written out."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in name
    )
