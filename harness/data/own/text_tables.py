"""Tables of texts: a sentence encoder makes vectors of them."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Dataset
from harness.data.own.facts import facts_of
from harness.data.text_features import TextFeatures, features_of
from harness.errors import UserError
from harness.reading.labels import label_columns
from harness.reading.names import ATTRIBUTES, SPLITS, TEXTS, listed, named
from harness.reading.options import Reading
from harness.reading.source import Source


def asked_for(source: Source, reading: Reading) -> str | None:
    """The column of texts that the options say is the input; None where they say nothing of it.

    UserError where an encoder is named and there are no texts.
    """
    if not source.table:
        if reading.encoder is not None:
            raise UserError(f"--encoder {reading.encoder}: {source.where} is no table of texts")
        return None
    texts = [name for name in source.names if source.kind(name) == "text"]
    chosen = reading.columns if reading.columns in texts else None
    if chosen is not None and (reading.encoder or chosen in named(TEXTS, texts)):
        return chosen
    if reading.encoder is None:
        return None
    left = [
        name for name in texts if name not in {*_labels(source, reading), *named(SPLITS, texts)}
    ]
    found = named(TEXTS, left) or left
    if reading.columns is not None or not found:
        raise UserError(
            f"--encoder {reading.encoder}: {source.where} has no such column of texts (columns of "
            f"texts: {listed(left)})"
        )
    if len(found) > 1 and not named(TEXTS, left):
        raise UserError(f"{source.where}: {listed(found)} each hold texts: --columns says which")
    return found[0]


def plain(source: Source, reading: Reading) -> str | None:
    """The column of texts of a table without other inputs: one of a name of TEXTS.

    Whole numbers beside it, as ids and years are, are no inputs; UserError for real ones.
    """
    if not source.table or reading.columns is not None:
        return None
    beside = {*_labels(source, reading), *source.row_names, *named(ATTRIBUTES, source.names)}
    kinds = {name: source.kind(name) for name in source.names if name not in beside}
    found = named(TEXTS, [name for name, kind in kinds.items() if kind == "text"])
    if not found or {"vectors", "images", "encoded"} & set(kinds.values()):
        return None
    numbers = [name for name, kind in kinds.items() if kind in ("whole", "real")]
    stems = [re.sub(r"\d+", "#", name) for name in numbers]
    if any("#" in stem and stems.count(stem) > 1 for stem in stems):
        return None
    real = [name for name in numbers if kinds[name] == "real"]
    if real:
        raise UserError(
            f"{source.where}: {found[0]} holds texts, and {listed(real)} real numbers: --columns "
            f"'{','.join(real)}' takes the numbers, --columns {found[0]} the texts"
        )
    return found[0]


def text_dataset(source: Source, label: str, column: str, reading: Reading) -> Dataset:
    """The texts embedded, with what the table says beside them.

    The digest is of texts and encoder, not of the features, which another processor rounds
    otherwise.
    """
    facts = facts_of(source, label, [column], reading)
    features = embedded(source, column, reading, facts.kept)
    return facts.dataset(
        source.where.name,
        features.values,
        source=f"a person's own texts: {source.where.name}, embedded by {features.encoder}",
        notes=[said(column, features)],
        made_from=features.digest,
    )


def embedded(
    source: Source, column: str, reading: Reading, kept: npt.NDArray[np.bool_] | None = None
) -> TextFeatures:
    """The features of a column's texts, of the rows that are kept; UserError for one without."""
    cells = source.column(column)
    rows = np.arange(len(cells.values)) if kept is None else np.flatnonzero(kept)
    texts = ["" if cells.missing[row] else str(cells.values[row]) for row in rows]
    places = [f"{source.where}: column {column}: the text in row {row + 1}" for row in rows]
    return features_of(texts, reading.encoder, places=places)


def said(column: str, features: TextFeatures) -> str:
    """The sentence on what was embedded, and by what."""
    return f"column {column} holds texts: embedded by {features.encoder}"


def _labels(source: Source, reading: Reading) -> list[str]:
    return label_columns(source) if reading.label_column is None else [reading.label_column]
