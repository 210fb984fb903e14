"""What the page's script draws, as plain data, and the images in one sheet."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.figures.charts import COSTS
from harness.figures.drawing import boards, embeddings
from harness.figures.drawing.chart import Chart
from harness.figures.embedded import Plane
from harness.figures.panels import Panel, Panels
from harness.figures.sources import Sources
from harness.metrics import RANKED_BY
from harness.statistics.intervals import student_quantile

BUDGET = 1_700_000  # bytes: with its base64 and 60 methods' numbers, a page stays under 5 MB
# Tried in this order until one fits; PNG keeps every pixel of a small image.
_LADDER = (("PNG", 32), ("JPEG", 32), ("JPEG", 24), ("JPEG", 16))


@dataclass(frozen=True)
class Sprite:
    """Tiles row by row in one image: its data URI, and how many tiles stand in a row and column."""

    uri: str
    columns: int
    rows: int


def make_sprite(images: npt.NDArray[np.uint8], budget: int = BUDGET) -> Sprite | None:
    """Tile `images`, uint8 (N, C, H, W), reduced to 32 pixels at most; None if none fits."""
    columns = max(2, math.ceil(math.sqrt(len(images))))
    rows = max(2, math.ceil(len(images) / columns))
    for form, side in _LADDER:
        content = _encode(_tiled(_reduced(_drawable(images), side), columns, rows), form)
        if len(content) <= budget:
            text = base64.b64encode(content).decode()
            return Sprite(f"data:image/{form.lower()};base64,{text}", columns, rows)
    return None


def _drawable(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(N, H, W, 1 or 3): of other numbers of channels, their mean."""
    if images.shape[1] not in (1, 3):
        images = images.mean(axis=1, keepdims=True).astype(np.uint8)
    return np.moveaxis(images, 1, -1)


def _reduced(images: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    from PIL import Image

    height, width = images.shape[1:3]
    scale = side / max(height, width)
    if scale >= 1:
        return images
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced = [Image.fromarray(i.squeeze()).resize(size, Image.Resampling.BOX) for i in images]
    return np.stack([np.asarray(i) for i in reduced]).reshape(len(images), size[1], size[0], -1)


def _tiled(images: npt.NDArray[np.uint8], columns: int, rows: int) -> npt.NDArray[np.uint8]:
    height, width, channels = images.shape[1:]
    padded = np.zeros((columns * rows, height, width, channels), np.uint8)
    padded[: len(images)] = images
    grid = padded.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, channels)


def _encode(picture: npt.NDArray[np.uint8], form: str) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture.squeeze(axis=2) if picture.shape[2] == 1 else picture).save(
        stream, format=form, optimize=True, quality=80
    )
    return stream.getvalue()


Data = dict[str, Any]
_GRID = 1023  # steps of a map's axis


def board_data(sources: Sources, about: Mapping[str, str], panels: Panels | None) -> Data:
    """The charts of the board by name, and what a reader may choose of them.

    A metric whose direction nobody recorded is in the table alone: the charts would have to guess.
    """
    board = sources.board
    facts = {name: board.facts(name) for name in board.metrics}
    better = {
        name: own.higher_is_better
        for name, own in facts.items()
        if own.usual and own.higher_is_better is not None
    }
    entries = sources.entries
    most = max((len(entry.row.values(board.aggregate)) for entry in entries), default=0)
    place = {entry.label: place for place, entry in enumerate(entries)}
    charts: dict[str, Chart | dict[str, Chart]] = {
        "forest": {n: boards.forest(sources, n, upward=up) for n, up in better.items()},
        "ranks": boards.ranks(sources),
        "learning": boards.learning_curves(sources),
        "search": boards.search_history(sources),
        "cost": {
            f"{n} {axis}": boards.cost(sources, n, axis, upward=up)
            for n, up in better.items()
            for axis in COSTS
        },
        "precision": boards.precision(panels),
    }
    return {
        "metrics": [
            {"name": n, "title": facts[n].title, "lower": not up} for n, up in better.items()
        ],
        "costs": [{"name": name, "title": axis.title} for name, axis in COSTS.items()],
        "quantiles": _quantiles(most),
        "charts": {
            name: {key: _drawn(one, place) for key, one in chart.items()}
            if isinstance(chart, dict)
            else _drawn(chart, place)
            for name, chart in charts.items()
        },
        "methods": [
            {
                "label": entry.label,
                "about": about.get(entry.row.method, ""),
                "scored": bool(entry.values(RANKED_BY)),
            }
            for entry in entries
        ],
    }


def _drawn(chart: Chart, place: Mapping[str, int]) -> Data:
    """A chart's definition as the script takes it: methods by their place, five decimals."""
    methods = [place[str(label)] for label in chart.columns["method"]]
    columns = {name: [_short(cell) for cell in cells] for name, cells in chart.columns.items()}
    return asdict(replace(chart, columns={})) | {"columns": {**columns, "method": methods}}


def _short(cell: Any) -> Any:
    if isinstance(cell, list | tuple):
        return [_short(one) for one in cell]
    return round(cell, 5) if isinstance(cell, float) else cell


def panel_data(panels: Panels, sources: Sources, sprite: Sprite | None, tiles: Tiles) -> Data:
    """The charts of an embedding without what is of one method, and that, method by method.

    Samples are named by their tile, maps and matrices packed: the script puts them together.
    """
    any_of = next(panel for panel in panels.of.values() if isinstance(panel, Panel))
    charts = {
        "map": embeddings.embedding_map(panels, any_of, next(iter(any_of.planes), "")),
        "neighbours": embeddings.neighbours(panels, any_of),
        "matrix": embeddings.class_correlation(panels, any_of),
    }
    groups = {by: embeddings.groups(panels, by) for by in ("class", *panels.test.attributes)}
    return {
        "sprite": {"columns": sprite.columns, "rows": sprite.rows} if sprite else None,
        "samples": [panels.test.describe(int(sample)) for sample in tiles.samples],
        "groups": {by: [list(own), list(own.values())] for by, own in groups.items()},
        "points": tiles.of(panels.points),
        "correlated": [panels.test.class_names[label] for label in panels.classes],
        "charts": {name: asdict(replace(chart, columns={})) for name, chart in charts.items()},
        "panels": [_panel(panels, panels.of[entry.label], tiles) for entry in sources.entries],
    }


class Tiles:
    """The samples that the page shows, and where in the sprite each stands."""

    def __init__(self, panels: Panels) -> None:
        seen = [panel for panel in panels.of.values() if isinstance(panel, Panel)]
        pairs = [(h.label, h.mistaken_for) for p in seen for h in p.hardest]
        hard = {label for pair in pairs for label in pair if label is not None}
        first = {label: int(np.flatnonzero(panels.test.labels == label)[0]) for label in hard}
        chosen = [panels.points, np.array(panels.queries), *(p.sheet.ravel() for p in seen)]
        self.samples = np.unique(np.concatenate([*chosen, np.array(list(first.values()))]))
        self.samples = self.samples.astype(np.int64)
        self._place = {int(sample): tile for tile, sample in enumerate(self.samples)}
        names = panels.test.class_names
        self._faces = {label: (names[label], self._place[one]) for label, one in first.items()}

    def of(self, samples: Sequence[int] | npt.NDArray[np.int64]) -> list[int]:
        """The tiles of these samples."""
        return [self._place[int(sample)] for sample in samples]

    def face(self, label: int | None) -> tuple[str, int] | tuple[None, None]:
        """A hard class's name and the tile of one of its samples."""
        return (None, None) if label is None else self._faces[label]


def _panel(panels: Panels, panel: Panel | str, tiles: Tiles) -> Data:
    if isinstance(panel, str):
        return {"missing": panel}
    identity = panel.record.identity
    near = embeddings.neighbours(panels, panel)
    own = {"query": tiles.of(panels.queries), "neighbour": [tiles.of(row) for row in panel.sheet]}
    return {
        "run": {"seed": identity.seed, "fold": identity.fold, "id": panel.record.run_id},
        "planes": {name: _packed(plane) for name, plane in panel.planes.items()},
        "neighbours": {"columns": {**near.columns, **own}, "words": near.words},
        "matrix": {"words": embeddings.class_correlation(panels, panel).words},
        "correlation": _base64(np.rint(panel.correlation * 100).astype(np.int8)),
        "hardest": [
            _short([*tiles.face(h.label), h.score, *tiles.face(h.mistaken_for), h.share])
            for h in panel.hardest
        ],
    }


def _packed(plane: Plane) -> str:
    """A plane fitted into a square without stretching it: uint16 pairs, little-endian, base64."""
    low, high = plane.min(axis=0), plane.max(axis=0)
    span = float((high - low).max()) or 1.0
    centred = (plane - (low + high) / 2) / span + 0.5
    return _base64(np.rint(centred * _GRID).astype("<u2"))


def _base64(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _quantiles(replicates: int) -> list[float]:
    """t's 97.5 % quantile for 1, 2, ... degrees of freedom."""
    return [round(student_quantile(degrees, 0.975), 5) for degrees in range(1, max(2, replicates))]
