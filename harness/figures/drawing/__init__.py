"""Figures for papers by name, what one can wish of them, and their bytes as a file."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.data.dataset import Dataset
from harness.errors import UserError, unknown
from harness.figures.charts import COSTS
from harness.figures.drawing import boards
from harness.figures.drawing.chart import Chart
from harness.figures.drawing.embeddings import class_correlation, embedding_map, neighbours
from harness.figures.drawing.paper import in_ink, on_paper
from harness.figures.panels import Panel, Panels, make_panel, make_panels
from harness.figures.sources import Entry, Sources
from harness.metrics import RANKED_BY, direction_of
from harness.store import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Text as text in PDF and SVG; no `$` of a name read as mathematics; no random ids.
STYLE: Any = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "bench figure",
    "text.parse_math": False,
}
_UNDATED = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}


def as_file(figure: Figure, form: str) -> bytes:
    """The figure as `pdf`, `svg` or `png` (300 dpi); the same figure gives the same bytes."""
    from matplotlib import rc_context

    stream = io.BytesIO()
    cut = None if figure.get_layout_engine() else "tight"  # a chart is as wide as was wished
    with rc_context(STYLE):
        figure.savefig(stream, format=form, dpi=300, bbox_inches=cut, metadata=_UNDATED.get(form))
    return stream.getvalue()


FORMATS = ("pdf", "svg", "png")


@dataclass(frozen=True, kw_only=True, eq=False)
class Wish:
    """What to draw of: a leaderboard, its store and dataset, and a person's choices.

    `method` is the label of the row for the plots of one method; the best if None. `top`: of how
    many methods, best first, those with a row a method show. `higher_is_better`: for a metric
    whose direction nobody recorded. `width`: in inches.
    """

    store: Store | None
    sources: Sources
    dataset: Dataset | str
    method: str | None = None
    top: int = 30
    metric: str = RANKED_BY
    higher_is_better: bool | None = None
    cost: str = "training_seconds"
    colour_by: str = "class"
    projection: str = "t-SNE"
    width: float = 5.5

    @property
    def upward(self) -> bool:
        """Whether more of the metric is better; UserError where nobody recorded or said so."""
        return direction_of(self.sources.board.facts(self.metric), self.higher_is_better)

    @property
    def entries(self) -> Sequence[Entry]:
        """All rows, best first."""
        return self.sources.entries

    @property
    def entry(self) -> Entry:
        """The row of the plots of one method; UserError with the nearest label if unknown."""
        if self.method is None:
            drawable = [entry for entry in self.entries if entry.representative()]
            if not drawable:
                raise UserError("no run left arrays to draw")
            return drawable[0]
        found = {entry.label: entry for entry in self.entries}
        if self.method not in found:
            raise unknown("method", self.method, found, where="--method")
        return found[self.method]


def _knn(wish: Wish) -> Chart:
    panels = make_panels(wish.store, wish.sources, wish.dataset, maps=False)
    if isinstance(panels, str):
        raise UserError(panels)
    return boards.precision(panels)


CHARTS: Mapping[str, Callable[[Wish], Chart]] = {
    "forest": lambda w: boards.forest(w.sources, w.metric, upward=w.upward),
    "critical-difference": lambda w: boards.ranks(w.sources, w.metric, upward=w.higher_is_better),
    "learning-curves": lambda w: boards.learning_curves(w.sources),
    "search-history": lambda w: boards.search_history(w.sources),
    "cost": lambda w: boards.cost(w.sources, w.metric, w.cost, upward=w.upward),
    "knn": _knn,
}
"""Charts of a board by name."""

PICTURES: Mapping[str, Callable[[Wish, Panels, Panel], Chart]] = {
    "embedding": lambda w, panels, one: embedding_map(panels, one, w.projection, w.colour_by),
    "neighbours": lambda _, *of: neighbours(*of),
    "class-correlation": lambda _, *of: class_correlation(*of),
}
"""Pictures of one method's embedding by name. All are the page's own, of the same definitions."""

FIGURES = (*CHARTS, *PICTURES)


def draw(name: str, wish: Wish) -> Figure:
    """Draw a figure; UserError for an unknown name, metric or cost, and for nothing to draw."""
    if name not in FIGURES:
        raise unknown("figure", name, FIGURES)
    wish = replace(wish, metric=wish.sources.board.metric(wish.metric).name)
    if wish.cost not in COSTS:
        raise unknown("cost", wish.cost, COSTS, where="--cost")
    from matplotlib import rc_context

    with rc_context(STYLE):
        if name in PICTURES:
            return _picture(name, wish)
        labels = [entry.label for entry in wish.entries]
        return on_paper(CHARTS[name](wish), labels[:8], top=wish.top, width=wish.width)


def _picture(name: str, wish: Wish) -> Figure:
    panels, panel = make_panel(wish.store, wish.sources, wish.entry, wish.dataset)
    chart, run = PICTURES[name](wish, panels, panel), panel.record.identity
    title = f"{wish.entry.label}: {chart.x.title}, seed {run.seed}, fold {run.fold}"
    return in_ink(chart, panels.test, title, width=wish.width)
