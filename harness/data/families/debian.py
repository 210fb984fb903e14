"""Debian's packages as labelled texts: one-line descriptions, by section or by source package.

Read from the Packages index that apt downloads; nothing of it is shipped. A text is a package's
description; its class is the section, or the source that the package is built from. Packages with
the same text and class are one sample; a text of two classes says nothing about either and is left
out. Debtags are attributes.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.data.dataset import Attribute, Dataset
    from harness.data.sources import Files, PublishedDataset

FACETS = ("role", "interface", "use", "implemented-in")
"""Of the debtags, those that are attributes here."""
UNKNOWN, SEVERAL = "unknown", "several"
Label = Literal["section", "source"]
_BRACES = re.compile(r"^(.*?)\{(.*)\}$")


def _section(fields: Mapping[str, str]) -> str:
    return fields.get("Section", "").rpartition("/")[2].strip()


def _source(fields: Mapping[str, str]) -> str:
    """The source's name, less a version in parentheses; by default the package's own."""
    return (fields.get("Source") or fields.get("Package", "")).partition("(")[0].strip()


_LABELS: Mapping[Label, Callable[[Mapping[str, str]], str]] = {
    "section": _section,
    "source": _source,
}


@dataclass(frozen=True)
class LabelledText:
    """A text, its section or source package, and its debtags, as `facet::tag`."""

    text: str
    label: str
    tags: frozenset[str]


def read_index(path: Path, label: Label = "section") -> list[LabelledText]:
    """Every text of a Packages index (plain, .gz, .xz or .lz4) once, in the index's order.

    Raises UserError for a file that is none, or none that can be read.
    """
    texts: dict[str, LabelledText] = {}
    labels: dict[str, set[str]] = {}
    packages = 0
    for fields in _paragraphs(_lines(path)):
        packages += "Package" in fields
        text = " ".join(fields.get("Description", "").split())
        found = _LABELS[label](fields)
        if not text or not found:
            continue
        tags = frozenset(_tags(fields.get("Tag", "")))
        labels.setdefault(text, set()).add(found)
        known = texts.get(text)
        merged = tags if known is None else known.tags | tags
        texts[text] = LabelledText(text, found, merged)
    kept = [one for one in texts.values() if len(labels[one.text]) == 1]
    if not kept:
        what = "its packages have no Description and Section" if packages else "it lists no package"
        raise UserError(f"{path}: is no Packages index with texts: {what}")
    return kept


def as_dataset(name: str, texts: list[LabelledText]) -> Dataset:
    """Texts as features of all-MiniLM-L6-v2, float32 (N, 384), made once and kept.

    The digest is of texts, labels, tags and the encoder, not of the features, which another
    processor rounds otherwise.
    """
    from harness.data.dataset import Dataset
    from harness.data.text_features import features_of

    names = tuple(sorted({one.label for one in texts}))
    codes = {label: code for code, label in enumerate(names)}
    features = features_of([one.text for one in texts])
    made_from = hashlib.sha256(f"{features.digest}\n".encode())
    for one in texts:
        made_from.update("\0".join((one.text, one.label, *sorted(one.tags))).encode() + b"\n")
    return Dataset(
        name=name,
        inputs=features.values,
        labels=np.array([codes[one.label] for one in texts], np.int64),
        class_names=names,
        source=f"Debian's Packages index, embedded by {features.encoder}",
        licence="package descriptions: those of the packages; debtags: public domain",
        attributes={facet: found for facet in FACETS if (found := _attribute(facet, texts))},
        made_from=made_from.hexdigest(),
    )


def few_of_each(texts: list[LabelledText], least: int, most: int) -> list[LabelledText]:
    """At most `most` texts of each label that has `least`, chosen by the texts' digests."""
    ordered = sorted(texts, key=lambda one: hashlib.sha256(one.text.encode()).digest())
    counts = Counter(one.label for one in texts)
    taken: Counter[str] = Counter()
    chosen = []
    for one in ordered:
        if counts[one.label] >= least and taken[one.label] < most:
            taken[one.label] += 1
            chosen.append(one)
    return chosen


def _attribute(facet: str, texts: list[LabelledText]) -> Attribute | None:
    """One code a text: its tag of the facet, `several`, or `unknown`; None if nothing has one."""
    from harness.data.dataset import Attribute

    values = [_value(facet, one.tags) for one in texts]
    if set(values) <= {UNKNOWN}:
        return None
    names = sorted(set(values) - {UNKNOWN, SEVERAL})
    every = (UNKNOWN, SEVERAL, *names)
    codes = {name: code for code, name in enumerate(every)}
    return Attribute(values=np.array([codes[v] for v in values], np.int64), names=every)


def _value(facet: str, tags: Iterable[str]) -> str:
    found = [tag.partition("::")[2] for tag in tags if tag.startswith(f"{facet}::")]
    if not found:
        return UNKNOWN
    return found[0] if len(found) == 1 else SEVERAL


def _tags(field: str) -> Iterator[str]:
    """The tags of a Tag field, in which `a::{b,c}` stands for `a::b, a::c`."""
    for tag in re.findall(r"[^\s,{]+(?:\{[^}]*\})?", field):
        braces = _BRACES.match(tag)
        if braces is None:
            yield tag
        else:
            yield from (f"{braces[1]}{part.strip()}" for part in braces[2].split(","))


def _paragraphs(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Fields by name, a paragraph at a time; a line that begins with a space goes on."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t" and name:
            fields[name] += f" {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    if fields:
        yield fields


def _lines(path: Path) -> Iterator[str]:
    content = _content(path)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 at byte {error.start:,}") from error
    return iter(text.split("\n"))


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            return gzip.decompress(raw)
        if path.suffix == ".xz":
            return lzma.decompress(raw)
        if path.suffix == ".lz4":
            return _lz4(raw, path)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise UserError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    return raw


def _lz4(raw: bytes, path: Path) -> bytes:
    try:
        import lz4.frame
    except ImportError as error:
        raise UserError(
            f"{path}: needs the package lz4: pip install 'metric-learning-bench[text]'"
        ) from error
    try:
        content: bytes = lz4.frame.decompress(raw)
    except RuntimeError as error:
        raise UserError(f"{path}: is cut off or damaged ({error})") from error
    return content


def read_packages(
    entry: PublishedDataset, files: Files, *, label: Label, few: tuple[int, int] | None
) -> Dataset:
    """The texts of a Packages index as a dataset; `few`: the least and most of each label."""
    texts = read_index(files["Packages"], label)
    return as_dataset(entry.name, few_of_each(texts, *few) if few else texts)
