"""The plots as files for papers."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import UserError
from harness.figures.drawing import CHARTS, FIGURES, FORMATS, Wish, as_file, draw
from harness.figures.drawing.chart import COLOURS
from harness.figures.sources import load_sources
from harness.record import Record
from harness.store import Store
from harness.testing import make_record

MAGIC = {"pdf": b"%PDF", "svg": b"<?xml", "png": b"\x89PNG"}
WITHOUT_IMAGES = sorted({*FIGURES} - {"neighbours"})


def file_of(name: str, path: Path, form: str = "svg", **wishes: Any) -> bytes:
    with Store.open(path) as store:
        wish = Wish(store=store, sources=load_sources(store), dataset="no dataset", **wishes)
        return as_file(draw(name, wish), form)


@pytest.mark.parametrize("name", WITHOUT_IMAGES)
def test_every_figure_is_drawn(name: str, store_path: Path) -> None:
    assert file_of(name, store_path).startswith(MAGIC["svg"])


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written_the_same_each_time(form: str, store_path: Path) -> None:
    first = file_of("forest", store_path, form)
    assert first.startswith(MAGIC[form])
    assert first == file_of("forest", store_path, form)


def test_incomplete_rows_stand_below_complete_ones_in_the_forest_too(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        for method, level, seeds in (("steady", 0.4, 3), ("picky", 0.9, 2)):
            for seed in range(seeds):
                values = {"map_at_r": level + seed / 100}
                store.put(make_record(method, seed, values=values, replicates=3))
        figure = draw("forest", Wish(store=store, sources=load_sources(store), dataset="none"))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["steady", "picky"]


def test_names_are_text_and_no_mathematics(store_path: Path) -> None:
    """`near$x^` would be an error of matplotlib's mathematics, were it read as such."""
    assert b"near$x^" in file_of("forest", store_path)
    assert b"near$x^" in file_of("cost", store_path)


def test_the_best_method_is_drawn_unless_another_is_asked_for(store_path: Path) -> None:
    assert b"near$x^: t-SNE by class" in file_of("embedding", store_path)
    assert b"far: PCA by class" in file_of("embedding", store_path, method="far", projection="PCA")


@pytest.mark.parametrize("name", ["forest", "critical-difference"])
def test_of_many_methods_the_first_are_drawn_and_the_plot_says_so(
    name: str, store_path: Path
) -> None:
    drawn = file_of(name, store_path, top=1)
    assert b"the first 1 of 2 methods" in drawn
    assert b"near$x^" in drawn
    assert b">far<" not in drawn
    assert b"the first" not in file_of(name, store_path)


def test_chosen_methods_are_drawn_alone(store_path: Path) -> None:
    with Store.open(store_path) as store:
        sources = load_sources(store).only(["far"])
        wish = Wish(store=store, sources=sources, dataset="none")
        figure = draw("forest", wish)
        with pytest.raises(UserError, match="--methods: unknown method 'fat'; did you mean 'far'"):
            load_sources(store).only(["fat"])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["far"]


@pytest.mark.parametrize("name", ["forest", "critical-difference", "learning-curves", "cost"])
def test_a_chart_is_as_wide_as_a_column_names_and_all(name: str, store_path: Path) -> None:
    from PIL import Image

    picture = Image.open(io.BytesIO(file_of(name, store_path, "png", width=3.25, top=1))).convert(
        "L"
    )
    assert picture.width == pytest.approx(3.25 * 300, abs=1)
    ink = np.asarray(picture).min(axis=0) < 250
    assert not ink[0]
    assert not ink[-1]


@pytest.mark.parametrize("name", CHARTS)
def test_a_method_has_one_colour_in_all_charts(name: str, store_path: Path) -> None:
    drawn = file_of(name, store_path).decode()
    shown = {"search-history": ("far",)}.get(name, ("near$x^", "far"))
    order = {"near$x^": COLOURS[0], "far": COLOURS[1]}
    assert {colour for colour in COLOURS if colour in drawn} == {order[one] for one in shown}


def test_a_figure_that_costs_nothing_to_some_has_a_place_for_them(
    tmp_path: Path, run: Callable[..., Record]
) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        for method, seconds in (("free", 0.0), ("cheap", 1.0), ("dear", 100.0)):
            record = run(method, 0, 0.5)
            audit = record.audit.model_copy(update={"training_seconds": seconds})
            store.put(record.model_copy(update={"audit": audit}))
        wish = Wish(store=store, sources=load_sources(store), dataset="none")
        (axes,) = draw("cost", wish).axes
    places = [axes.transData.transform((x, 0.5))[0] for x in (0.0, 1.0, 100.0)]
    assert places == sorted(places)
    assert places[1] - places[0] > 10


def test_a_search_is_drawn_under_its_methods_name_alone(store_path: Path) -> None:
    drawn = file_of("search-history", store_path)
    assert b"far" in drawn
    assert b"near$x^" not in drawn


@pytest.mark.parametrize(
    ("name", "wishes", "line"),
    [
        ("forrest", {}, "unknown figure 'forrest'; did you mean 'forest'?"),
        ("forest", {"metric": "map_at_2"}, "--metric: unknown metric 'map_at_2'; did you mean"),
        ("cost", {"cost": "time"}, "--cost: unknown cost 'time'"),
        ("embedding", {"method": "fear"}, "--method: unknown method 'fear'; did you mean 'far'?"),
        ("embedding", {"colour_by": "hue"}, "--colour-by: unknown attribute 'hue'"),
        ("embedding", {"projection": "tsne"}, "--projection: unknown projection 'tsne'"),
        ("neighbours", {}, "no images to show: no dataset"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    name: str, wishes: dict[str, str], line: str, store_path: Path
) -> None:
    with pytest.raises(UserError) as raised:
        file_of(name, store_path, **wishes)
    assert str(raised.value).startswith(line)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_store_without_scores_or_arrays_is_one_line(
    name: str, tmp_path: Path, run: Callable[..., Record]
) -> None:
    failed = run("a", 0, 0.5, state="failed", selected=None, audit=None)
    with Store.open(tmp_path / "empty", create=True) as store:
        store.put(failed.model_copy(update={"scores": None}))
    with pytest.raises(UserError):
        file_of(name, tmp_path / "empty")
