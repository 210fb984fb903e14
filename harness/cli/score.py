"""`bench score`: the scores of embeddings in a file, with nothing but their labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from harness.cli.options import ReadingOptions, grouped
from harness.cli.saying import say, show, write

if TYPE_CHECKING:
    from harness.scoring import EmbeddingScores
    from harness.table import Cell


@grouped
def score(  # noqa: PLR0913 - a command has as many options as it has
    embeddings: Annotated[
        Path, typer.Argument(help="Embeddings: npy, npz, safetensors, csv, tsv, txt or parquet.")
    ],
    labels: Annotated[
        Path | None,
        typer.Argument(
            help="One class label for each, in such a file too; without it in the same file."
        ),
    ] = None,
    *,
    gallery: Annotated[
        list[Path] | None,
        typer.Option(
            help="Embeddings to search; without it each query searches all others; may be "
            "repeated: each is searched alone."
        ),
    ] = None,
    gallery_labels: Annotated[
        list[Path] | None,
        typer.Option(
            help="The gallery's labels; without it in the gallery's file; may be repeated."
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
        typer.Option(min=1, help="Score so many queries, drawn with --seed; else all."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Scores by the values of this column, worst first."),
    ] = None,
    exclude: Annotated[
        str | None,
        typer.Option(
            help="Columns such as camera, with commas: items of a query's class with its value in "
            "one of them are left out for it."
        ),
    ] = None,
    label_separator: Annotated[
        str | None,
        typer.Option(
            help="What stands between the labels of a sample that has several: relevant is what "
            "shares one."
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

    `bench show NAME` says what a score is. The intervals are from a bootstrap over classes.
    """
    from harness.cli.score_rows import (
        as_json,
        as_table,
        by_group,
        notes_on,
        pair_rows,
        score_rows,
    )
    from harness.cli.searching import SearchWish, galleries_of, read_queries, searched
    from harness.reading import read_groups
    from harness.scoring.bootstrap import bootstrap_intervals

    reading = read.reading()
    galleries = galleries_of(gallery or [], gallery_labels or [])
    classes, rows = read_queries(embeddings, labels, reading)
    source = labels or embeddings
    found: list[dict[str, Cell]] = []
    notes = [*rows.notes, *classes.notes]
    if label_separator is not None:  # they are taken apart
        notes = [note for note in notes if "--label-separator" not in note]
    wish = SearchWish(
        recall_at,
        restarts,
        queries,
        distance,
        device,
        exclude,
        seed,
        label_separator,
        embeddings,
    )
    wish.require_possible(verification=verification)
    for shelf in galleries:
        scores, codes, said = searched(rows, classes, source, shelf, wish, reading)
        classed = bool(scores.class_means)
        intervals = bootstrap_intervals(scores, codes[0], seed=seed, draws=draws) if classed else {}
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
        write(json.dumps(as_json(found), indent=2, allow_nan=False), nl=True)
    else:
        show(as_table(found, notes), format)
    if format in ("json", "csv"):
        for note in notes:
            say(f"bench: {note}", err=True)


def _draw_note(scores: EmbeddingScores, rows: int, seed: int) -> list[str]:
    able = rows - scores.singletons
    if len(scores.queries) == able:
        return []
    return [
        f"{len(scores.queries):,} of {able:,} queries, drawn with seed {seed}, against the whole "
        "gallery: the intervals hold that draw too"
    ]


def _rates(text: str) -> tuple[float, ...]:
    from harness.errors import UserError

    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UserError(f"--far takes numbers between 0 and 1 with commas, not '{text}'") from None
