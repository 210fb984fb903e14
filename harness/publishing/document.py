"""A Publication as text: sorted, one line a run, with a digest of all that it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from harness.publishing.model import Publication

DIGEST = "content_digest"

_OPEN = {
    "",
    ".environments",
    ".methods",
    ".methods[]",
    ".methods[].separated",
    ".methods[].concatenated",
    ".methods[].runs",
    ".methods[].joined",
}


def document_of(publication: Publication) -> dict[str, Any]:
    """The publication as plain data, its content digest first."""
    # By way of JSON text, which writes what is not finite as a string.
    content: dict[str, Any] = json.loads(publication.model_dump_json())
    for method in content["methods"]:
        method["runs"] = [_short(run) for run in method["runs"]]
    return {DIGEST: content_digest(content), **content}


def _short(run: dict[str, Any]) -> dict[str, Any]:
    """A run without what it does not have; counts as the whole numbers that they are."""
    kept = {key: value for key, value in run.items() if value is not None}
    if "class_sums" in kept:
        kept["class_sums"] = {
            metric: [int(value) if value == int(value) else value for value in sums]
            for metric, sums in kept["class_sums"].items()
        }
    return kept


def content_digest(document: dict[str, Any]) -> str:
    """The sha256 over the canonical JSON of all but the digest itself."""
    content = {key: value for key, value in document.items() if key != DIGEST}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def publication_text(publication: Publication) -> str:
    """The document as JSON text: what is compared run by run stands line by line."""
    return "".join(_lines(document_of(publication), "", "")) + "\n"


def _lines(value: Any, path: str, indent: str) -> Iterator[str]:
    if path not in _OPEN or not value:
        yield json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return
    inner = indent + " "
    named = isinstance(value, dict)
    yield "{" if named else "["
    for place, item in enumerate(value.items() if named else value):
        yield f"{',' if place else ''}\n{inner}"
        if named:
            yield f"{json.dumps(item[0], ensure_ascii=False)}: "
            yield from _lines(item[1], f"{path}.{item[0]}", inner)
        else:
            yield from _lines(item, f"{path}[]", inner)
    yield f"\n{indent}{'}' if named else ']'}"
