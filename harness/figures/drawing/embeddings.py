"""What is shown of one method's embedding: its map, its neighbours, how alike its classes are."""

from __future__ import annotations

import numpy as np

from harness.errors import unknown
from harness.figures.drawing.chart import Axis, Cell, Chart, Mark, in_columns
from harness.figures.embedded import Float64
from harness.figures.panels import Panel, Panels


def groups(panels: Panels, by: str) -> dict[str, list[int]]:
    """The points of the map by class or by an attribute: places in `panels.points` by name."""
    test = panels.test
    if by != "class" and by not in test.attributes:
        raise unknown("attribute", by, ["class", *test.attributes], where="--colour-by")
    of = None if by == "class" else test.attributes[by]
    names, values = (test.class_names, test.labels) if of is None else (of.names, of.values)
    codes = values[panels.points]
    return {names[int(code)]: np.flatnonzero(codes == code).tolist() for code in np.unique(codes)}


def embedding_map(panels: Panels, panel: Panel, projection: str, by: str = "class") -> Chart:
    """A class-balanced subsample of one run's test embedding on the plane, a row a group."""
    if panel.planes and projection not in panel.planes:
        raise unknown("projection", projection, panel.planes, where="--projection")
    rows: list[dict[str, Cell]] = [
        {"group": name, "x": x.tolist(), "y": y.tolist(), "sample": panels.points[of].tolist()}
        for name, of in (groups(panels, by) if panel.planes else {}).items()
        for x, y in [panel.planes[projection][of].T]
    ]
    return Chart(
        columns=in_columns(rows),
        marks=(Mark(kind="samples", x="x", y="y", size=2.6, opacity=0.85),),
        x=Axis(title=f"{projection} by {by}"),
        words="Distances on a map are not distances in the embedding; with t-SNE neither the size "
        "of clusters nor the space between them means anything.",
        nothing="too few samples or dimensions for a map",
    )


def neighbours(panels: Panels, panel: Panel) -> Chart:
    """Queries and their nearest others, a row a query."""
    labels = panels.test.labels
    right = labels[panel.sheet] == labels[list(panels.queries)][:, None]
    found = zip(panels.queries, panel.sheet.tolist(), right.astype(float).tolist(), strict=True)
    return Chart(
        columns=in_columns([{"query": q, "neighbour": near, "right": r} for q, near, r in found]),
        marks=(Mark(kind="images", x="query", x2="neighbour", when="right"),),
        x=Axis(title="queries (left) and neighbours, wrong ones framed"),
        words="A query, left of the line, and its nearest others; wrong ones are framed and "
        f"crossed. {int(right.sum())} of these {right.size} are right. The queries are the same "
        "for all methods, spread evenly over the classes before any result was seen.",
        nothing="no query",
    )


def class_correlation(panels: Panels, panel: Panel) -> Chart:
    """Pearson's correlation of class mean embeddings (paper 003, Fig. 9), a row a class."""
    names = [panels.test.class_names[label] for label in panels.classes]
    matrix = np.round(panel.correlation, 2)
    return Chart(
        columns=in_columns(
            [
                {"class": name, "other": names, "correlation": row}
                for name, row in zip(names, matrix.tolist(), strict=True)
            ]
        ),
        marks=(Mark(kind="cells", x="other", y="correlation"),),
        x=Axis(title=f"correlation of the means of {len(names)} of {panels.test.classes} classes"),
        words=f"{_most_alike(matrix, names)}\u22121 to 1: Pearson\u2019s correlation of class mean "
        f"embeddings over their dimensions. {len(names)} classes in one order for all methods, "
        "alike ones together.",
        nothing="no class",
    )


def _most_alike(matrix: Float64, names: list[str]) -> str:
    if len(names) < 2:
        return ""
    one, other = np.tril_indices(len(names), -1)
    pairs = matrix[one, other]
    most = int(pairs.argmax())
    return (
        f"Median of two classes: {np.median(pairs):.2f}. Most alike: {names[one[most]]} and "
        f"{names[other[most]]}, {pairs[most]:.2f}. "
    )
