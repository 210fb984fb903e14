"""From text back to a Publication: any format ever written, and nothing that was changed since."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import NotComparable, UserError
from harness.publishing.document import DIGEST, content_digest
from harness.publishing.model import PUBLICATION_FORMAT, Publication
from harness.store.collecting import without_collecting

# From each format to the next, by the number it leads away from; none is ever taken out.
_UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def load_publication(path: Path) -> Publication:
    """Load a published leaderboard; UserError where there is none, NotComparable if tampered."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; `bench publish` makes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    return parse_publication(text, str(path))


def parse_publication(text: str, where: str) -> Publication:
    """Parse a publication; `where` names it in errors, those of `load_publication`."""
    with without_collecting():
        return _parse_text(text, where)


def _parse_text(text: str, where: str) -> Publication:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: is not JSON: {error}") from None
    if is_publication(document) and not is_untouched(document):
        raise NotComparable(
            f"{where}: was changed after it was published (its content digest differs)"
        )
    return publication_of(document, where)


def publication_of(document: object, where: str) -> Publication:
    """The publication that parsed JSON holds, whether or not its content digest is right."""
    if not isinstance(document, dict) or not is_publication(document):
        raise UserError(f"{where}: is no published leaderboard (`bench publish` writes one)")
    _require_known_format(document["format"], where)
    return _parse(_upgraded(document), where)


def is_untouched(document: dict[str, Any]) -> bool:
    """Whether a publication's content is what its digest was taken of."""
    return bool(content_digest(document) == document[DIGEST])


def is_publication(document: Any) -> bool:
    """Whether parsed JSON looks like a publication of any format."""
    return isinstance(document, dict) and {DIGEST, "format", "methods"} <= document.keys()


def _require_known_format(number: object, where: str) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UserError(f"{where}: its format is {number!r}, which is no format of a publication")
    if number > PUBLICATION_FORMAT:
        raise UserError(
            f"{where}: has format {number}, this version reads up to {PUBLICATION_FORMAT}; "
            "upgrade metric-learning-bench"
        )


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    content = {key: value for key, value in document.items() if key != DIGEST}
    while content["format"] < PUBLICATION_FORMAT:
        content = _UPGRADES[content["format"]](content)
    return content


def _parse(content: dict[str, Any], where: str) -> Publication:
    try:
        return Publication.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{where}: does not parse: {place}: {first['msg']}") from None
