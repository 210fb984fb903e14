"""Plots of one method's embedding: map, neighbours, class correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.errors import UserError, unknown
from harness.figures.panels import Panel, Panels, make_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.figures.drawing import Wish

MARKERS = "os^D"


def embedding(wish: Wish) -> Figure:
    """A class-balanced subsample of one run's test embedding on the plane."""
    panels, panel = _panel(wish)
    if wish.projection not in panel.planes:
        raise unknown("projection", wish.projection, panel.planes, where="--projection")
    plane = panel.planes[wish.projection]
    codes, names = _groups(panels, wish.colour_by)
    figure, axes = _square()
    for place, code in enumerate(np.unique(codes)):
        marked = plane[codes == code]
        axes.plot(
            marked[:, 0],
            marked[:, 1],
            MARKERS[place // 10 % len(MARKERS)],
            color=f"C{place % 10}",
            ms=3,
            mew=0,
            alpha=0.85,
            label=names[int(code)],
        )
    _bare(axes)
    if len(np.unique(codes)) <= 12:
        axes.legend(fontsize=6, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set_title(f"{wish.entry.label}: {wish.projection} by {wish.colour_by}, {_run(panel)}")
    return figure


def neighbours(wish: Wish) -> Figure:
    """Queries and their nearest neighbours; wrong ones framed."""
    panels, panel = _panel(wish)
    labels = panels.test.labels
    shown = np.column_stack([panels.queries, panel.sheet])
    images = panels.test.images(shown.ravel())
    if images is None:
        raise UserError(f"no images to show: {panels.test.missing}")
    from matplotlib.figure import Figure

    rows, columns = shown.shape
    figure = Figure(figsize=(0.5 * columns, 0.5 * rows))
    grid = figure.subplots(rows, columns, squeeze=False)
    wrong = (labels[shown] != labels[shown[:, :1]]).ravel()
    for axes, image, is_wrong in zip(grid.ravel(), images, wrong, strict=True):
        _show(axes, image, wrong=bool(is_wrong))
    title = f"{wish.entry.label}: queries (left) and neighbours, wrong ones framed"
    figure.suptitle(title, fontsize=8)
    return figure


def class_correlation(wish: Wish) -> Figure:
    """Pearson's correlation of class mean embeddings (paper 003, Fig. 9)."""
    panels, panel = _panel(wish)
    figure, axes = _square()
    drawn = axes.imshow(panel.correlation, cmap="PuOr", vmin=-1, vmax=1)
    names = [panels.test.class_names[label] for label in panels.classes]
    if len(names) <= 20:
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=5)
        axes.set_yticks(range(len(names)), names, fontsize=5)
    else:
        axes.set_xticks([])
        axes.set_yticks([])
    axes.grid(visible=False)
    figure.colorbar(drawn, ax=axes, shrink=0.8)
    of = f"{len(names)} of {panels.test.classes} classes"
    axes.set_title(f"{wish.entry.label}: {of}, {_run(panel)}")
    return figure


def _panel(wish: Wish) -> tuple[Panels, Panel]:
    panels = make_panel(wish.store, wish.sources, wish.entry, wish.dataset)
    panel = panels.of[wish.entry.label]
    assert isinstance(panel, Panel)  # make_panel raises where there is none
    return panels, panel


def _groups(panels: Panels, by: str) -> tuple[np.ndarray, tuple[str, ...]]:
    test = panels.test
    if by == "class":
        return test.labels[panels.points], test.class_names
    if by not in test.attributes:
        raise unknown("attribute", by, ["class", *test.attributes], where="--colour-by")
    attribute = test.attributes[by]
    return attribute.values[panels.points], attribute.names


def _run(panel: Panel) -> str:
    return f"seed {panel.record.identity.seed}, fold {panel.record.identity.fold}"


def _square() -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 4.0))
    return figure, figure.add_subplot()


def _bare(axes: Axes) -> None:
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])


def _show(axes: Axes, image: np.ndarray, *, wrong: bool) -> None:
    channels = len(image)
    shown = np.moveaxis(image, 0, -1) if channels == 3 else image.mean(axis=0)
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(wrong)
        spine.set_color("#b3261e")
        spine.set_linewidth(2)
