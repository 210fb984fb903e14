"""`make_report`: a store in, one self-contained HTML page out."""

from __future__ import annotations

from harness.data.dataset import Dataset
from harness.figures.panels import Panels, make_panels
from harness.figures.sources import Sources
from harness.report.audit import audit
from harness.report.board_table import board_table, explained
from harness.report.facts import counts, headline, notes, skipped_methods
from harness.report.markup import Markup, element, join
from harness.report.naming import About
from harness.report.page import assemble
from harness.report.payload import Tiles, board_data, panel_data
from harness.report.provenance import provenance, searches
from harness.report.sprite import Sprite, make_sprite
from harness.store import Store


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
