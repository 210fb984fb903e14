"""`bench score`: the scores of embeddings in a file, with nothing but their labels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli.options import ReadingOptions, grouped

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.reading import Embeddings, Labels, Reading
    from harness.scoring import Scores
    from harness.scoring.bootstrap import Interval
    from harness.scoring.verification import Verification
    from harness.table import Cell

_MANY_CLASSES = 100
_LONG = 1 << 34
"""Similarities from which on an estimate and progress are shown, and k-means is left out."""
_WORST = 20


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
        Path | None,
        typer.Option(help="Embeddings to search; without it each query searches all others."),
    ] = None,
    gallery_labels: Annotated[
        Path | None, typer.Option(help="The gallery's labels; without it in the gallery's file.")
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
    from harness.errors import UserError
    from harness.reading import codes_of, read_groups
    from harness.scoring import KMeans, score_embeddings
    from harness.scoring.bootstrap import bootstrap_intervals

    reading = read.reading()
    classes, rows = _read(embeddings, labels, reading)
    said = [*rows.notes, *classes.notes]
    values, shelf = [classes], None
    if gallery is None and gallery_labels is not None:
        raise UserError("--gallery-labels needs --gallery")
    if gallery is not None:
        others, found_ = _read(gallery, gallery_labels, reading)
        found_ = found_.like(rows, gallery)
        values.append(others)
        shelf = found_.rows
        said += _own_gallery(rows.rows, shelf)
        said += [*found_.notes, *others.notes]
    points = rows.rows
    codes, *gallery_codes = codes_of(*(side.values for side in values))
    asked = len(points) if queries is None else min(queries, len(points))
    pairs_ = asked * len(points if shelf is None else shelf)
    if restarts is None:
        restarts = 3 if queries is None and pairs_ < _LONG else 0
        if not restarts:
            said.append("no clustering of a draw or of so many points: --restarts 3 has it")
    with _shown(pairs_, points.shape[-1]):
        scores = score_embeddings(
            points,
            codes,
            gallery=shelf,
            gallery_labels=gallery_codes[0] if gallery_codes else None,
            recall_at=_ranks(recall_at),
            distance=distance,
            device=device,
            clustering=KMeans(restarts=restarts) if restarts else None,
            draw=queries,
            seed=seed,
        )
    intervals = bootstrap_intervals(scores, codes, seed=seed, draws=draws)
    notes = [*dict.fromkeys(said), *_notes(scores)]
    found = _rows(scores, intervals)
    notes += _draw_note(scores, len(points), seed)
    if by is not None:
        groups = read_groups(labels or embeddings, by, reading)[classes.kept]
        found += _by_group(scores, groups, by)
    if verification:
        from harness.scoring.verification import verify

        pairs = verify(
            points,
            codes,
            gallery=shelf,
            gallery_labels=gallery_codes[0] if gallery_codes else None,
            fars=_rates(far),
            distance=distance,
            draws=draws,
            seed=seed,
        )
        found += _pair_rows(pairs)
        notes += pairs.notes
    if format == "json":
        typer.echo(json.dumps(_json(found), indent=2, allow_nan=False))
    else:
        typer.echo(_table(found, notes, format), nl=False)
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


def _by_group(scores: Scores, groups: npt.NDArray[np.str_], by: str) -> list[dict[str, Cell]]:
    """The scores of each group's queries, the worst group first."""
    import numpy as np

    names, codes = np.unique(groups[scores.queries], return_inverse=True)
    counts = np.bincount(codes)
    means = {
        name: np.bincount(codes, weights=scores.per_query[name]) / counts
        for name in ("map_at_r", "precision_at_1")
    }
    order = np.argsort(means["map_at_r"], kind="stable")[:_WORST]
    return [
        {"metric": f"{name} [{by}={names[group]}, {counts[group]:,} queries]", "value": float(
            means[name][group])}
        for group in order
        for name in means
    ]  # fmt: skip


def _rates(text: str) -> tuple[float, ...]:
    from harness.errors import UserError

    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UserError(f"--far takes numbers between 0 and 1 with commas, not '{text}'") from None


def _rows(scores: Scores, intervals: dict[str, Interval]) -> list[dict[str, Cell]]:
    return [
        {
            "metric": name,
            "value": value,
            "low": intervals[name].low,
            "high": intervals[name].high,
            "class_mean": scores.class_means.get(name),
        }
        for name, value in scores.values.items()
    ]


def _pair_rows(pairs: Verification) -> list[dict[str, Cell]]:
    return [
        {
            "metric": name,
            "value": value,
            "low": pairs.intervals[name].low,
            "high": pairs.intervals[name].high,
            "threshold": pairs.thresholds.get(name),
        }
        for name, value in pairs.values.items()
    ]


def _json(rows: list[dict[str, Cell]]) -> dict[str, dict[str, Cell]]:
    shown = ("value", "low", "high", "threshold")
    return {
        str(row["metric"]): {key: row[key] for key in shown if row.get(key) is not None}
        for row in rows
    }


def _table(
    rows: list[dict[str, Cell]],
    notes: list[str],
    format: Literal["table", "md", "csv", "latex"],  # noqa: A002 - the word of the command line
) -> str:
    from harness.table import Column, Table, render

    columns = [
        Column(key="metric", title="metric", priority=0),
        Column(key="value", title="value", align="right", priority=0, digits=4),
        Column(key="low", title="low", align="right", priority=0, digits=4),
        Column(key="high", title="high", align="right", priority=0, digits=4),
        Column(key="class_mean", title="mean of classes", align="right", priority=1, digits=4),
    ]
    if any("threshold" in row for row in rows):
        columns.append(
            Column(key="threshold", title="threshold", align="right", priority=0, digits=4)
        )
    return render(Table(columns=columns, rows=rows, notes=notes), format)


def _notes(scores: Scores) -> list[str]:
    notes = []
    if scores.singletons:
        notes.append(
            f"{scores.singletons} queries have no other item of their class to find: left out"
        )
    if scores.collapsed:
        notes.append(
            f"collapsed: the embeddings spread by {scores.spread:.1e} of their length, "
            "so that their order is mostly rounding"
        )
    if scores.clustering is not None and scores.clustering.clusters >= _MANY_CLASSES:
        notes.append(
            f"NMI is high for any clustering into {scores.clustering.clusters} clusters: "
            "compare AMI"
        )
    return notes
