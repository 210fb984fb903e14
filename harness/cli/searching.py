"""The searches of `bench score`: queries, the galleries that they search, and how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.cli.saying import say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.reading import Embeddings, Labels, Reading
    from harness.scoring import EmbeddingScores

    Codes = npt.NDArray[np.generic]
    Floats = npt.NDArray[np.generic]

_LONG = 1 << 34
"""Similarities from which on an estimate and progress are shown, and k-means is left out."""
_RESTARTS, _ROUNDS = 3, 20
"""Of k-means, where nothing is said: as many starts, and about so many rounds of each."""


def _ranks(text: str) -> tuple[int, ...]:
    from harness.errors import UserError

    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UserError(f"--recall-at takes whole numbers with commas, not '{text}'") from None


def read_queries(
    embeddings: Path, labels: Path | None, reading: Reading
) -> tuple[Labels, Embeddings]:
    """Labels, and the embeddings that have one; UserError where ids say that rows are others."""
    from dataclasses import replace

    from harness.errors import UserError
    from harness.reading import other_labels, other_rows, read_embeddings, read_labels

    points, source = read_embeddings(embeddings, reading), labels or embeddings
    classes = read_labels(source, reading)
    rows = classes.of(points.rows, embeddings, source)
    others = other_rows(embeddings, source, reading)
    if others is not None:
        raise UserError(others)
    others = other_labels(embeddings, source, classes, reading)
    notes = points.notes if others is None else (*points.notes, f"{others}, which count")
    return classes, replace(points, rows=rows, notes=notes)


@dataclass(frozen=True)
class SearchWish:
    """What is asked of each search; `where`: the queries' file, to name it."""

    recall_at: str
    restarts: int | None
    queries: int | None
    distance: Literal["cosine", "euclidean"]
    device: str | None
    exclude: str | None
    seed: int
    separator: str | None = None
    where: Path | None = None

    def require_possible(self, *, verification: bool) -> None:
        """UserError for what samples with several labels do not have."""
        from harness.errors import UserError

        others = {
            "--restarts": self.restarts,
            "--queries": self.queries,
            "--device": self.device,
            "--exclude": self.exclude,
            "--verification": verification,
        }
        asked = [name for name, value in others.items() if value]
        if self.separator is not None and asked:
            raise UserError(
                f"{asked[0]} needs one label a sample: with --label-separator there are the scores "
                "of retrieval"
            )


_Shelf = tuple[Path, Path]
"""A gallery's file, and that of its labels."""


def galleries_of(files: list[Path], labels: list[Path]) -> list[_Shelf | None]:
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


def searched(
    rows: Embeddings,
    classes: Labels,
    source: Path,
    shelf: _Shelf | None,
    wish: SearchWish,
    reading: Reading,
) -> tuple[EmbeddingScores, tuple[Codes, Codes | None, Floats | None], list[str]]:
    """The scores against one gallery; codes of both sides, its points; and what is to be said."""
    from harness.reading import codes_of
    from harness.scoring import KMeans, score_embeddings

    points, values, said = rows.rows, [classes], list[str]()
    gallery = None
    if shelf is not None:
        others, found = read_queries(shelf[0], None if shelf[1] == shelf[0] else shelf[1], reading)
        found = found.like(rows, shelf[0])
        values.append(others)
        gallery = found.rows
        said += [*_own_gallery(points, gallery), *found.notes, *others.notes]
    if wish.separator is not None:
        from harness.scoring.overlap import score_overlap

        sets = [_sets(side, wish.separator) for side in values]
        with _named(wish.where or source):
            scores = score_overlap(
                points,
                sets[0],
                gallery=gallery,
                gallery_labels=None if gallery is None else sets[1],
                recall_at=_ranks(wish.recall_at),
                distance=wish.distance,
            )
        return scores, (classes.values, None, gallery), [*said, "several labels: no intervals"]
    codes, *gallery_codes = codes_of(*(side.values for side in values))
    asked = len(points) if wish.queries is None else min(wish.queries, len(points))
    pairs = asked * len(points if gallery is None else gallery)
    restarts = wish.restarts
    if restarts is None:
        classes_there = len(set(codes.tolist()))
        rounds = _RESTARTS * _ROUNDS * len(points) * classes_there
        restarts = _RESTARTS if wish.queries is None and max(pairs, rounds) < _LONG else 0
        if not restarts:
            said.append(
                "no clustering of a draw, or of so many points or classes: "
                f"--restarts {_RESTARTS} has it"
            )
    with _named(wish.where or source), _shown(pairs, points.shape[-1]):
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
            exclude=values_of(wish.exclude, source, classes, reading),
            gallery_exclude=None
            if shelf is None
            else values_of(wish.exclude, shelf[1], values[1], reading),
            seed=wish.seed,
        )
    return scores, (codes, gallery_codes[0] if gallery_codes else None, gallery), said


def _sets(labels: Labels, separator: str) -> list[list[str]]:
    """The labels of each sample, blanks around them taken off."""
    texts = (str(value).split(separator) for value in labels.values)
    return [[one.strip() for one in some if one.strip()] for some in texts]


def values_of(
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


@contextmanager
def _named(source: Path) -> Iterator[None]:
    """Put the file's name before what is wrong with its embeddings or labels."""
    from harness.errors import UserError

    try:
        yield
    except UserError as error:
        raise UserError(f"{source}: {error}") from None


@contextmanager
def _shown(pairs: int, dimensions: int) -> Iterator[None]:
    """Say how long the ranking of very many points will take, and show how it goes."""
    if pairs < _LONG:
        yield
        return
    from tqdm import tqdm

    from harness.scoring.counting import watching
    from harness.scoring.timing import expected_seconds

    seconds = expected_seconds(pairs, dimensions)
    say(
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
