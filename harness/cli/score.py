"""`bench score`: the scores of embeddings in a file, with nothing but their labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli.options import ReadingOptions, grouped

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.reading import Embeddings, Labels, Reading
    from harness.scoring import Scores
    from harness.table import Cell

    Codes = npt.NDArray[np.generic]
    Floats = npt.NDArray[np.generic]

_LONG = 1 << 34
"""Similarities from which on an estimate and progress are shown, and k-means is left out."""


@grouped
def score(  # noqa: PLR0913 - a command has as many options as it has
    embeddings: Annotated[
        Path, typer.Argument(help="Embeddings: npy, npz, safetensors, csv, tsv, txt or parquet.")
    ],
    labels: Annotated[
        Path | None,
        typer.Argument(
            help="One class label for each, in such a file too; without it in the same file.",
            show_default=False,
        ),
    ] = None,
    *,
    gallery: Annotated[
        list[Path] | None,
        typer.Option(
            help="Embeddings to search; without it each query searches all others; may be "
            "repeated: each is searched alone.",
            show_default=False,
        ),
    ] = None,
    gallery_labels: Annotated[
        list[Path] | None,
        typer.Option(
            help="The gallery's labels; without it in the gallery's file; may be repeated.",
            show_default=False,
        ),
    ] = None,
    read: ReadingOptions,
    distance: Annotated[
        Literal["cosine", "euclidean"], typer.Option(help="What near means.")
    ] = "cosine",
    recall_at: Annotated[str, typer.Option(help="Ranks of Recall@K, with commas.")] = "1,2,4,8",
    device: Annotated[
        str | None,
        typer.Option(help="A device of torch to rank on, such as cuda; this processor without."),
    ] = None,
    restarts: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Restarts of k-means; 0 leaves the clustering out.",
            show_default="3, or 0 of very many points",
        ),
    ] = None,
    queries: Annotated[
        int | None,
        typer.Option(
            min=1, help="Score so many queries, drawn with --seed; else all.", show_default=False
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Scores by the values of this column, worst first.", show_default=False),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(
            help="Columns such as camera, with commas: items of a query's class with its value in "
            "one of them are left out for it.",
            show_default=False,
        ),
    ] = None,
    verification: Annotated[
        bool,
        typer.Option("--verification", help="Score pairs too: ROC AUC, EER, TAR at FAR."),
    ] = False,
    far: Annotated[
        str, typer.Option(help="False accept rates of --verification, with commas.")
    ] = "1e-1,1e-2,1e-3,1e-4",
    seed: Annotated[int, typer.Option(min=0, help="Of k-means and the bootstrap.")] = 0,
    draws: Annotated[int, typer.Option(min=1, help="Draws of the bootstrap.")] = 1000,
    format: Annotated[  # noqa: A002 - named as its option
        Literal["table", "md", "csv", "json", "latex"], typer.Option(help="How to write it.")
    ] = "table",
) -> None:
    """Score embeddings by their labels: retrieval and clustering, with 95 % intervals.

    docs/metrics.md defines the scores. The intervals are from a bootstrap over classes.
    """
    from harness.cli.score_rows import (
        as_json,
        as_table,
        by_group,
        notes_on,
        pair_rows,
        score_rows,
    )
    from harness.reading import read_groups
    from harness.scoring.bootstrap import bootstrap_intervals

    reading = read.reading()
    galleries = _galleries(gallery or [], gallery_labels or [])
    classes, rows = _read(embeddings, labels, reading)
    source = labels or embeddings
    found: list[dict[str, Cell]] = []
    notes = [*rows.notes, *classes.notes]
    wish = _Wish(recall_at, restarts, queries, distance, device, exclude, seed)
    for shelf in galleries:
        scores, codes, said = _searched(rows, classes, source, shelf, wish, reading)
        intervals = bootstrap_intervals(scores, codes[0], seed=seed, draws=draws)
        part = score_rows(scores, intervals)
        notes += [*said, *notes_on(scores), *_draw_note(scores, len(rows.rows), seed)]
        if by is not None:
            groups = read_groups(source, by, reading)[classes.kept]
            part += by_group(scores, groups, by)
        if verification:
            from harness.scoring.verification import verify

            pairs = verify(
                rows.rows,
                codes[0],
                gallery=codes[2],
                gallery_labels=codes[1],
                fars=_rates(far),
                distance=distance,
                draws=draws,
                seed=seed,
            )
            part += pair_rows(pairs)
            notes += pairs.notes
            if exclude is not None:
                notes.append("pairs are all pairs: --exclude is of retrieval")
        if len(galleries) > 1 and shelf is not None:
            part = [{**row, "metric": f"{row['metric']} [{shelf[0].name}]"} for row in part]
        found += part
    notes = list(dict.fromkeys(notes))
    if format == "json":
        typer.echo(json.dumps(as_json(found), indent=2, allow_nan=False))
    else:
        typer.echo(as_table(found, notes, format), nl=False)
    if format in ("json", "csv"):
        for note in notes:
            typer.echo(f"bench: {note}", err=True)


def _ranks(text: str) -> tuple[int, ...]:
    from harness.errors import UserError

    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UserError(f"--recall-at takes whole numbers with commas, not '{text}'") from None


def _read(embeddings: Path, labels: Path | None, reading: Reading) -> tuple[Labels, Embeddings]:
    """Labels, and the embeddings that have one."""
    from dataclasses import replace

    from harness.reading import read_embeddings, read_labels

    points, source = read_embeddings(embeddings, reading), labels or embeddings
    classes = read_labels(source, reading)
    return classes, replace(points, rows=classes.of(points.rows, embeddings, source))


@dataclass(frozen=True)
class _Wish:
    """What is asked of each search."""

    recall_at: str
    restarts: int | None
    queries: int | None
    distance: Literal["cosine", "euclidean"]
    device: str | None
    exclude: str | None
    seed: int


_Shelf = tuple[Path, Path]
"""A gallery's file, and that of its labels."""


def _galleries(files: list[Path], labels: list[Path]) -> list[_Shelf | None]:
    """Each gallery with its labels; None alone where queries search each other."""
    from harness.errors import UserError

    if not files:
        if labels:
            raise UserError("--gallery-labels needs --gallery")
        return [None]
    if labels and len(labels) != len(files):
        raise UserError(f"{len(files)} galleries and {len(labels)} files of their labels")
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        raise UserError("galleries are told apart by their files' names: two are of one name")
    return list(zip(files, labels or files, strict=True))


def _searched(
    rows: Embeddings,
    classes: Labels,
    source: Path,
    shelf: _Shelf | None,
    wish: _Wish,
    reading: Reading,
) -> tuple[Scores, tuple[Codes, Codes | None, Floats | None], list[str]]:
    """The scores against one gallery; codes of both sides, its points; and what is to be said."""
    from harness.reading import codes_of
    from harness.scoring import KMeans, score_embeddings

    points, values, said = rows.rows, [classes], list[str]()
    gallery = None
    if shelf is not None:
        others, found = _read(shelf[0], None if shelf[1] == shelf[0] else shelf[1], reading)
        found = found.like(rows, shelf[0])
        values.append(others)
        gallery = found.rows
        said += [*_own_gallery(points, gallery), *found.notes, *others.notes]
    codes, *gallery_codes = codes_of(*(side.values for side in values))
    asked = len(points) if wish.queries is None else min(wish.queries, len(points))
    pairs = asked * len(points if gallery is None else gallery)
    restarts = wish.restarts
    if restarts is None:
        restarts = 3 if wish.queries is None and pairs < _LONG else 0
        if not restarts:
            said.append("no clustering of a draw or of so many points: --restarts 3 has it")
    with _shown(pairs, points.shape[-1]):
        scores = score_embeddings(
            points,
            codes,
            gallery=gallery,
            gallery_labels=gallery_codes[0] if gallery_codes else None,
            recall_at=_ranks(wish.recall_at),
            distance=wish.distance,
            device=wish.device,
            clustering=KMeans(restarts=restarts) if restarts else None,
            draw=wish.queries,
            exclude=_values(wish.exclude, source, classes, reading),
            gallery_exclude=None
            if shelf is None
            else _values(wish.exclude, shelf[1], values[1], reading),
            seed=wish.seed,
        )
    return scores, (codes, gallery_codes[0] if gallery_codes else None, gallery), said


def _values(
    columns: str | None, path: Path, classes: Labels, reading: Reading
) -> npt.NDArray[np.str_] | None:
    """The columns of `--exclude` of the rows that have a label: (rows, columns)."""
    if columns is None:
        return None
    import numpy as np

    from harness.reading import read_groups

    names = [name.strip() for name in columns.split(",") if name.strip()]
    found = [read_groups(path, name, reading, option="--exclude") for name in names]
    return np.stack(found, axis=1)[classes.kept]


def _own_gallery(rows: npt.NDArray[np.generic], gallery: npt.NDArray[np.generic]) -> list[str]:
    """Say how many queries the gallery has as well: each of them finds itself."""
    if rows.ndim != 2 or rows.shape[1:] != gallery.shape[1:] or rows.dtype != gallery.dtype:
        return []
    held = {row.tobytes() for row in gallery}
    both = sum(row.tobytes() in held for row in rows)
    return [f"{both:,} queries stand in the gallery too, and find themselves"] if both else []


def _draw_note(scores: Scores, rows: int, seed: int) -> list[str]:
    able = rows - scores.singletons
    if len(scores.queries) == able:
        return []
    return [
        f"{len(scores.queries):,} of {able:,} queries, drawn with seed {seed}, against the whole "
        "gallery: the intervals hold that draw too"
    ]


@contextmanager
def _shown(pairs: int, dimensions: int) -> Iterator[None]:
    """Say how long the ranking of very many points will take, and show how it goes."""
    if pairs < _LONG:
        yield
        return
    from tqdm import tqdm

    from harness.scoring.timing import expected_seconds
    from harness.scoring.workers import watching

    seconds = expected_seconds(pairs, dimensions)
    typer.echo(
        f"bench: {pairs:,} similarities to rank: about {seconds / 60:,.0f} minutes "
        "(--queries 20000 scores a draw of the queries)",
        err=True,
    )
    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:

        def told(done: int, every: int) -> None:
            bar.n = int(100 * done / every)
            bar.refresh()

        with watching(told):
            yield


def _rates(text: str) -> tuple[float, ...]:
    from harness.errors import UserError

    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UserError(f"--far takes numbers between 0 and 1 with commas, not '{text}'") from None
