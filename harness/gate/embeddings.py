"""`gate_embeddings`: one model's embeddings against another's, query by query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import NotComparable, UserError
from harness.gate.decision import Difference
from harness.gate.lines import decided
from harness.gate.metrics import GatedMetric
from harness.gate.report import GateReport, Line, Policy
from harness.scoring import EmbeddingScores, score_embeddings
from harness.statistics.bootstrap import hierarchical_bootstrap

FEW_CLASSES = 10


@dataclass(frozen=True, eq=False)
class Shelf:
    """What both models' queries search: (G, D), each with its own D; labels (G,).

    `exclude`: (G, X), as `score_embeddings` has it. `name`: stands behind its lines.
    """

    candidate: npt.ArrayLike
    baseline: npt.ArrayLike
    labels: npt.ArrayLike
    exclude: npt.ArrayLike | None = None
    name: str = ""


def gate_embeddings(  # noqa: PLR0913 - two sides, labels, and how to compare them
    candidate: npt.ArrayLike,
    baseline: npt.ArrayLike,
    labels: npt.ArrayLike,
    metrics: list[GatedMetric],
    *,
    names: tuple[str, str] = ("candidate", "baseline"),
    galleries: Sequence[Shelf] = (),
    exclude: npt.ArrayLike | None = None,
    distance: str = "cosine",
    seed: int = 0,
    inconclusive: Policy = "fail",
) -> GateReport:
    """Compare two embeddings of the same items, paired by query and resampled by class.

    `candidate`, `baseline`: (N, D), each with its own D. `labels`: (N,). `galleries`: what the
    queries search, each alone; without them each other. `exclude`: (N,) or (N, X): items of a
    query's class with one of its values are no answer. The interval tells how the difference varies
    with the classes tested; not with training, of which there is but one.
    Raises NotComparable for embeddings that cannot be scored or not as many, UserError for a
    metric that is not made of queries.
    """
    if len(np.asarray(candidate)) != len(np.asarray(baseline)):
        raise NotComparable(
            f"{names[0]} has {len(np.asarray(candidate))} rows and {names[1]} "
            f"{len(np.asarray(baseline))}: they are not of the same items"
        )
    sides = (names[0], candidate, "candidate"), (names[1], baseline, "baseline")
    lines: list[Line] = []
    notes: list[str] = []
    queries: set[int] = set()
    for shelf in galleries or (None,):
        after, before = (
            _scores(
                name,
                rows,
                labels,
                gallery=None if shelf is None else getattr(shelf, side),
                gallery_labels=None if shelf is None else shelf.labels,
                exclude=exclude,
                gallery_exclude=None if shelf is None else shelf.exclude,
                recall_at=_ranks(metrics),
                distance=distance,
            )
            for name, rows, side in sides
        )
        subject = f"embeddings [{shelf.name}]" if shelf is not None and shelf.name else "embeddings"
        own = [_line(before, after, labels, metric, seed, subject) for metric in metrics]
        lines += own
        notes += _notes(after, before, own)
        queries.update(after.queries.tolist())
    return GateReport(
        baseline=names[1],
        candidate=names[0],
        subject=f"{len(queries)} queries",
        lines=lines,
        notes=tuple(dict.fromkeys(notes)),
        inconclusive=inconclusive,
    )


def _ranks(metrics: list[GatedMetric]) -> tuple[int, ...]:
    named = [metric.name for metric in metrics if metric.name.startswith("recall_at_")]
    return tuple(int(name.removeprefix("recall_at_")) for name in named) or (1,)


def _scores(name: str, rows: npt.ArrayLike, labels: npt.ArrayLike, **more: Any) -> EmbeddingScores:
    try:
        return score_embeddings(rows, labels, clustering=None, seed=0, **more)
    except UserError as error:
        raise NotComparable(f"{name}: {error}: nothing was measured") from None


def _line(
    before: EmbeddingScores,
    after: EmbeddingScores,
    labels: npt.ArrayLike,
    metric: GatedMetric,
    seed: int,
    subject: str,
) -> Line:
    if metric.name not in after.per_query:
        allowed = ", ".join(after.per_query)
        raise UserError(f"--metric {metric.name}: is not made of queries (allowed: {allowed})")
    difference = _difference(before, after, np.asarray(labels)[after.queries], metric.name, seed)
    return decided(subject, metric, difference)


def _difference(
    before: EmbeddingScores,
    after: EmbeddingScores,
    labels: npt.NDArray[np.generic],
    metric: str,
    seed: int,
) -> Difference:
    changes = after.per_query[metric] - before.per_query[metric]
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.bincount(codes, weights=changes)
    found = hierarchical_bootstrap(
        sums[None, None, None, :], counts, seed=seed, levels=("classes",)
    )
    enough = len(classes) > 1
    return Difference(
        baseline=before.values[metric],
        candidate=after.values[metric],
        mean=float(found.estimates[0]),
        standard_error=float(found.draws[:, 0].std(ddof=1)) if enough else None,
        degrees=len(classes) - 1 if enough else None,
        basis="test classes",
        units=len(classes),
    )


def _notes(after: EmbeddingScores, before: EmbeddingScores, lines: list[Line]) -> tuple[str, ...]:
    notes = ["one training of each: the interval covers the choice of test classes, not seeds"]
    classes = lines[0].difference.units if lines[0].difference else 0
    if classes < FEW_CLASSES:
        notes.append(f"{classes} classes are few to resample: read the interval with care")
    for name, scores in (("candidate", after), ("baseline", before)):
        if scores.collapsed:
            notes.append(f"the {name} is collapsed: its scores are mostly rounding")
    if after.singletons:
        notes.append(f"{after.singletons} queries have no other item of their class: left out")
    return tuple(notes)
