"""Charts of one embedding: what is defined, and that paper shows just that."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

from harness.data.dataset import Attribute
from harness.errors import UserError
from harness.figures.drawing.chart import GROUPS, RAMP
from harness.figures.drawing.embeddings import class_correlation, embedding_map, neighbours
from harness.figures.drawing.paper import in_ink
from harness.figures.embedded import TestPart
from harness.figures.panels import Panel, Panels
from harness.testing import make_record

LABELS = np.array([0, 0, 1, 1, 2])
PLANE = np.array([[0.0, 0.0], [1.0, 2.0], [5.0, 5.0], [4.0, 6.0]])


def looked_at(**varied: Any) -> tuple[Panels, Panel]:
    """Five samples of three classes, four of them on the map, two of them asked."""
    own: dict[str, Any] = {
        "record": make_record("a", 0, 0),
        "planes": {"PCA": PLANE},
        "sheet": np.array([[1, 2], [4, 3]]),
        "precision": [],
        "correlation": np.array([[1.0, 0.5, -1.0], [0.5, 1.0, 0.25], [-1.0, 0.25, 1.0]]),
        "hardest": [],
    }
    panel = Panel(**own | varied)
    hue = Attribute(values=np.array([1, 0, 1, 0, 0]), names=("red", "blue"))
    test = TestPart(
        labels=LABELS,
        class_names=("x", "y", "z"),
        attributes={"hue": hue},
        inputs=np.arange(5 * 4, dtype=np.uint8).reshape(5, 1, 2, 2),
        positions=np.arange(5),
    )
    shared: dict[str, Any] = {"asked": 5, "depths": range(1, 3), "distance": "cosine"}
    panels = Panels(
        test=test,
        points=np.array([0, 1, 2, 3]),
        queries=[0, 2],
        classes=np.array([2, 0, 1]),
        of={"a": panel},
        **shared,
    )
    return panels, panel


def test_the_map_has_a_row_a_group_and_its_samples() -> None:
    by_class = embedding_map(*looked_at(), "PCA")
    assert by_class.rows == [
        {"group": "x", "x": [0.0, 1.0], "y": [0.0, 2.0], "sample": [0, 1]},
        {"group": "y", "x": [5.0, 4.0], "y": [5.0, 6.0], "sample": [2, 3]},
    ]
    by_hue = embedding_map(*looked_at(), "PCA", "hue")
    assert [(row["group"], row["sample"]) for row in by_hue.rows] == [
        ("red", [1, 3]),
        ("blue", [0, 2]),
    ]


def test_paper_has_the_points_of_the_map_in_the_colours_of_the_page() -> None:
    panels, panel = looked_at()
    (axes,) = in_ink(embedding_map(panels, panel, "PCA"), panels.test, "a", width=3).axes
    drawn = {to_hex(line.get_color()): line.get_xydata().tolist() for line in axes.lines}
    assert drawn == {GROUPS[0]: PLANE[:2].tolist(), GROUPS[1]: PLANE[2:].tolist()}
    assert axes.get_aspect() == 1.0
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["x", "y"]


def test_an_embedding_without_a_plane_is_a_sentence() -> None:
    panels, panel = looked_at(planes={})
    chart = embedding_map(panels, panel, "t-SNE")
    assert chart.rows == []
    with pytest.raises(UserError, match="too few samples or dimensions for a map"):
        in_ink(chart, panels.test, "a", width=3)


def test_a_neighbour_is_right_if_it_is_of_its_querys_class() -> None:
    chart = neighbours(*looked_at())
    assert chart.rows == [
        {"query": 0, "neighbour": [1, 2], "right": [1.0, 0.0]},
        {"query": 2, "neighbour": [4, 3], "right": [0.0, 1.0]},
    ]
    assert "2 of these 4 are right." in chart.words


def test_paper_frames_the_wrong_neighbours_and_no_other() -> None:
    panels, panel = looked_at()
    figure = in_ink(neighbours(panels, panel), panels.test, "a", width=3)
    framed = [all(spine.get_visible() for spine in axes.spines.values()) for axes in figure.axes]
    assert framed == [False, False, True, False, True, False]
    shown = [int(axes.images[0].get_array().min()) // 4 for axes in figure.axes]
    assert shown == [0, 1, 2, 2, 4, 3]


def test_the_matrix_has_a_row_a_class_and_says_which_are_most_alike() -> None:
    chart = class_correlation(*looked_at())
    assert chart.columns["class"] == ["z", "x", "y"]
    assert chart.columns["correlation"] == [[1.0, 0.5, -1.0], [0.5, 1.0, 0.25], [-1.0, 0.25, 1.0]]
    assert chart.words.startswith("Median of two classes: 0.25. Most alike: x and z, 0.50.")


def test_paper_has_the_ramp_of_the_page() -> None:
    panels, panel = looked_at()
    figure = in_ink(class_correlation(panels, panel), panels.test, "a", width=3)
    image = figure.axes[0].images[0]
    assert tuple(to_hex(image.cmap(image.norm(value))) for value in (-1.0, 1.0)) == RAMP[::2]
    assert image.get_array().tolist() == panel.correlation.tolist()
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["z", "x", "y"]
