"""`make_report`: one self-contained HTML page, which may load nothing."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from harness.data.dataset import Dataset
from harness.figures.drawing.chart import COLOURS, GROUPS, RAMP
from harness.figures.panels import Panels, make_panels
from harness.figures.sources import Sources
from harness.report.payload import Tiles, board_data, make_sprite, panel_data
from harness.report.sections import sections
from harness.report.variables import Matrix
from harness.store import Store

# Plain JavaScript and SVG instead of a bundled plotting library: Vega-Lite's scripts are 0.9 MB of
# a page that is 0.3 MB without images, and its renderer for papers 84 MB of dependency. The script
# here draws any chart from its definition, in the reader's colours and width.
SCRIPTS = (
    "dom.js",
    "plot.js",
    "pins.js",
    "chart.js",
    "tools.js",
    "board.js",
    "sections.js",
    "map.js",
    "mapkeys.js",
    "pictures.js",
    "methods.js",
    "link.js",
)


def make_report(
    store: Store | None,
    sources: Sources,
    dataset: Dataset | str,
    about: Mapping[str, str] | None = None,
    variables: Sequence[Matrix] = (),
) -> str:
    """The page on a leaderboard, as HTML.

    `store`: where the embeddings are, None for a published board. `dataset` gives images, class
    names and attributes of the test part; where it cannot be had it is the sentence why, and the
    page does without. `about`: what plugins say of their methods, by name. `variables`: matrices of
    what embeddings carry of them. The same store gives the same page: it bears the time of its last
    run and not that of its making.
    """
    sentences = about or {}
    skipped, sources = sources.skipped(), sources.tried()
    panels = make_panels(store, sources, dataset)
    data = board_data(sources, sentences, panels if isinstance(panels, Panels) else None)
    inks = {"s": COLOURS, "m": GROUPS, "r": RAMP}  # as on paper; the style has those of the dark
    named = [f"--{name}{i}:{ink}" for name, own in inks.items() for i, ink in enumerate(own)]
    style = f":root{{{';'.join(named)}}}\n{_read('page.css')}"
    if isinstance(panels, Panels):
        tiles = Tiles(panels)
        images = panels.test.images(tiles.samples)
        sprite = None if images is None else make_sprite(images)
        data["embeddings"] = panel_data(panels, sources, sprite, tiles)
        style += f".tile{{background-image:url({sprite.uri})}}" if sprite else ""
    script = "(() => {\n'use strict';\n" + "\n".join(map(_read, SCRIPTS)) + "\n})();"
    return (
        templates()
        .get_template("page.html")
        .render(
            **sections(sources, skipped, sentences),
            embeddings=_of_embeddings(panels),
            data=_finite(data),
            variables=list(variables),
            policy=_policy(style, script),
            style=Markup(style),  # noqa: S704 - our own, as the script is
            script=Markup(script),  # noqa: S704
        )
    )


def templates() -> Environment:
    """The page's templates: text is escaped, and JSON can end no element that it stands in."""
    made = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return made


def _finite(data: Any) -> Any:
    """The data with None for what is no number: JSON has no word for it."""
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def _policy(style: str, script: str) -> str:
    """The page's own policy forbids everything but its style and script, named by digest.

    Text that became markup by mistake could still load nothing and run nothing.
    """
    return (
        f"default-src 'none'; img-src data:; style-src {_digest(style)}; "
        f"script-src {_digest(script)}; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (files("harness.report") / "page" / name).read_text(encoding="utf-8")


def _of_embeddings(panels: Panels | str) -> list[str]:
    if isinstance(panels, str):
        return [f"Nothing to show: {panels}."]
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
    return lines
