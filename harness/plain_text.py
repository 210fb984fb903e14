"""Texts that come from elsewhere, made fit to be shown: cut, and free of what steers a terminal."""

from __future__ import annotations

import unicodedata

_CUT = " [...]"


def plain(text: str, limit: int, *, lines: bool = False) -> str:
    """At most `limit` characters, in one line unless `lines`, control characters escaped.

    Escaped are all that Unicode calls control, format, surrogate, private or unassigned: among
    them those that colour a terminal or turn the direction of writing.
    """
    text = text[: limit + len(_CUT) + 1]
    if not lines:
        text = " ".join(text.split())
    shown = "".join(_shown(letter, lines=lines) for letter in text)
    return shown if len(shown) <= limit else shown[: limit - len(_CUT)] + _CUT


def _shown(letter: str, *, lines: bool) -> str:
    if lines and letter in "\n\t":
        return letter
    if letter.isascii() and letter.isprintable():
        return letter
    if unicodedata.category(letter).startswith("C"):
        return ascii(letter)[1:-1]
    return letter


def one_line(error: BaseException, limit: int = 500) -> str:
    """An error's type and text, whatever lines its text has, and whether or not it has one."""
    try:
        text = plain(str(error), limit)
    except BaseException:
        text = "its text cannot be had"
    name = plain(type(error).__name__, 100)
    return f"{name}: {text}" if text else name
