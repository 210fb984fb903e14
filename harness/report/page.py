"""`make_report`: one self-contained HTML page, which may load nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any

from harness.data.dataset import Dataset
from harness.figures.panels import Panels, make_panels
from harness.figures.sources import Sources
from harness.report.board_table import About, board_table, explained
from harness.report.markup import Markup, element, join
from harness.report.payload import Sprite, Tiles, board_data, make_sprite, panel_data
from harness.report.sections import (
    audit,
    counts,
    headline,
    notes,
    provenance,
    searches,
    skipped_methods,
)
from harness.store import Store

# Plain JavaScript and SVG instead of a bundled plotting library: plotly.js alone is 3.5 MB or
# more, of a page that must stay under 5 MB for 60 methods and open within a second; the charts
# here are a few hundred lines, follow the reader's colours and width, and share one highlight.
SCRIPTS = (
    "dom.js",
    "plot.js",
    "pins.js",
    "fold.js",
    "board.js",
    "forest.js",
    "ranks.js",
    "curves.js",
    "search.js",
    "cost.js",
    "map.js",
    "mapkeys.js",
    "matrix.js",
    "methods.js",
)


def assemble(title: str, parts: dict[str, Markup], data: dict[str, Any], sprite: str | None) -> str:
    """Fill the template; `parts` by the names of its places.

    The page's own policy forbids everything but its style and script, which it names by digest:
    text that became markup by mistake could still load nothing and run nothing.
    """
    style = _read("page.css") + (_sprite_rule(sprite) if sprite else "")
    script = "(() => {\n'use strict';\n" + "\n".join(map(_read, SCRIPTS)) + "\n})();"
    return Template(_read("page.html")).substitute(
        title=element("title", title),
        policy=element(
            "meta",
            http_equiv="Content-Security-Policy",
            content=_policy([style], [script]),
        ),
        style=f"<style>{style}</style>",
        data=f'<script type="application/json" id="data">{inert_json(data)}</script>',
        script=f"<script>{script}</script>",
        **parts,
    )


def inert_json(data: Any) -> str:
    """JSON that cannot end its script element: no `<`, `>` or `&` stands in it as such."""
    text = json.dumps(_finite(data), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(data: Any) -> Any:
    """The data with None for what is no number: JSON has no word for it."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def _sprite_rule(uri: str) -> str:
    return f".tile{{background-image:url({uri})}}"


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src {' '.join(map(_digest, styles))}",
            f"script-src {' '.join(map(_digest, scripts))}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (files("harness.report") / "page" / name).read_text(encoding="utf-8")


def make_report(
    store: Store | None, sources: Sources, dataset: Dataset | str, about: About | None = None
) -> str:
    """The page on a leaderboard, as HTML.

    `store`: where the embeddings are, None for a published board. `dataset` gives images, class
    names and attributes of the test part; where it cannot be had it is the sentence why, and the
    page does without. The same store gives the same page: it bears the time of its last run and
    not that of its making.
    """
    about = about or About()
    skipped, sources = sources.skipped(), sources.tried()
    panels = make_panels(store, sources, dataset)
    data = board_data(sources, about)
    sprite = None
    if isinstance(panels, Panels):
        tiles = Tiles(panels)
        sprite = _sprite(panels, tiles)
        data["embeddings"] = panel_data(panels, sources, sprite, tiles)
    board = sources.board
    parts = {
        "heading": join(f"{board.protocol} ", element("span", f"on {board.dataset}")),
        "headline": headline(sources),
        "counts": counts(sources, len(skipped)),
        "board": board_table(sources),
        "explained": join(explained(sources)),
        "notes": notes(sources),
        "skipped": skipped_methods(skipped),
        "embeddings": _embeddings_note(panels),
        "provenance": join(*provenance(sources, about), searches(sources)),
        "audit": audit(sources),
    }
    uri = sprite.uri if sprite else None
    return assemble(f"{board.protocol} on {board.dataset}", parts, data, uri)


def _sprite(panels: Panels, tiles: Tiles) -> Sprite | None:
    images = panels.test.images(tiles.samples)
    return None if images is None else make_sprite(images)


def _embeddings_note(panels: Panels | str) -> Markup:
    if isinstance(panels, str):
        return element("p", f"Nothing to show: {panels}.", class_="quiet")
    test = panels.test
    if panels.asked < len(test.labels):
        asked = f"{panels.asked:,} of them, evenly spread, were asked for theirs."
    else:
        asked = "All were asked for theirs."
    limited = len(panels.classes) < test.classes
    lines = [
        "One run stands for each method: its first seed and first fold. What is seen here is one "
        "embedding, not a mean over replicates.",
        f"The map shows {len(panels.points):,} of {len(test.labels):,} test samples, as many of "
        "each of some classes spread evenly over all; every method is shown on the same ones. "
        f"Neighbours are by {panels.distance} distance among all test samples. {asked}",
    ]
    if limited:
        lines.append(
            f"The correlation matrix shows {len(panels.classes)} of {test.classes} classes, those "
            "that the methods together find hardest, because there it matters which classes are "
            "alike; all would be too small to see."
        )
    if test.missing:
        lines.append(f"No images: {test.missing}.")
    return element("div", *(element("p", line) for line in lines), class_="quiet")
