"""One HTML page that carries all it needs, and may load nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any

from harness.report.markup import Markup, element

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
