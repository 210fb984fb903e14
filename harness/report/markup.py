"""HTML from Python: text is escaped unless it came from here."""

from __future__ import annotations

from html import escape

_VOID = {"input", "meta"}


class Markup(str):
    """Text that is HTML already. Made by `element` and `join` only."""

    __slots__ = ()


Child = str | int | None


def element(name: str, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """One element. Children that are no Markup are escaped, attribute values always.

    A trailing underscore of an attribute's name is dropped and others become hyphens; None and
    False leave the attribute out, True gives it without a value.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """Children one after the other, escaped where they are no Markup."""
    return Markup(
        "".join(c if isinstance(c, Markup) else escape(str(c)) for c in children if c is not None)
    )


def _attribute(key: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key if key == "viewBox" else key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
