"""A table of words with its caption, in a box that scrolls sideways where it must."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.report.markup import Markup, element


def plain_table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """The first cell of a row is its heading. Text is escaped where it is no Markup."""
    head = element("tr", *(element("th", text, scope="col") for text in header))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", c) for c in row[1:]))
        for row in rows
    ]
    table = element(
        "table",
        element("caption", caption, class_="quiet"),
        element("thead", head),
        element("tbody", *body),
    )
    return element("div", table, class_="wide", tabindex=0, role="region", aria_label=caption)
