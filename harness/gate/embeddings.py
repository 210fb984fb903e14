"""`gate_embeddings`: one model's embeddings against another's, query by query."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.errors import NotComparable, UserError
from harness.gate.decision import Difference, decide
from harness.gate.metrics import GatedMetric
from harness.gate.rendering import line_sentence
from harness.gate.report import GateReport, Line, Policy
from harness.scoring import Scores, score_embeddings
from harness.statistics.bootstrap import hierarchical_bootstrap

FEW_CLASSES = 10


def gate_embeddings(  # noqa: PLR0913 - two sides, labels, and how to compare them
    candidate: npt.ArrayLike,
    baseline: npt.ArrayLike,
    labels: npt.ArrayLike,
    metrics: list[GatedMetric],
    *,
    names: tuple[str, str] = ("candidate", "baseline"),
    galleries: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    gallery_labels: npt.ArrayLike | None = None,
    distance: str = "cosine",
    seed: int = 0,
    inconclusive: Policy = "fail",
) -> GateReport:
    """Compare two embeddings of the same items, paired by query and resampled by class.

    `candidate`, `baseline`: (N, D), each with its own D. `labels`: (N,). `galleries`: what each
    model's queries search, (G, D), and `gallery_labels`: (G,); without them each other. The
    interval tells how the difference varies with the classes tested; not with training, of which
    there is but one.
    Raises NotComparable for embeddings that cannot be scored or not as many, UserError for a
    metric that is not made of queries.
    """
    if len(np.asarray(candidate)) != len(np.asarray(baseline)):
        raise NotComparable(
            f"{names[0]} has {len(np.asarray(candidate))} rows and {names[1]} "
            f"{len(np.asarray(baseline))}: they are not of the same items"
        )
    recall_at = _ranks(metrics)
    shelves = galleries or (None, None)
    after, before = (
        _scores(side, labels, name, recall_at, distance, gallery=shelf, shelved=gallery_labels)
        for side, name, shelf in zip((candidate, baseline), names, shelves, strict=True)
    )
    lines = [_line(before, after, labels, metric, seed) for metric in metrics]
    return GateReport(
        baseline=names[1],
        candidate=names[0],
        subject=f"{len(after.queries)} queries",
        lines=lines,
        notes=_notes(after, before, lines),
        inconclusive=inconclusive,
    )


def _ranks(metrics: list[GatedMetric]) -> tuple[int, ...]:
    named = [metric.name for metric in metrics if metric.name.startswith("recall_at_")]
    return tuple(int(name.removeprefix("recall_at_")) for name in named) or (1,)


def _scores(  # noqa: PLR0913 - what is scored, and how
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    name: str,
    recall_at: tuple[int, ...],
    distance: str,
    *,
    gallery: npt.ArrayLike | None,
    shelved: npt.ArrayLike | None,
) -> Scores:
    try:
        return score_embeddings(
            embeddings,
            labels,
            gallery=gallery,
            gallery_labels=shelved,
            recall_at=recall_at,
            distance=distance,  # type: ignore[arg-type]  # checked there
            clustering=None,
            seed=0,
        )
    except UserError as error:
        raise NotComparable(f"{name}: {error}: nothing was measured") from None


def _line(
    before: Scores, after: Scores, labels: npt.ArrayLike, metric: GatedMetric, seed: int
) -> Line:
    if metric.name not in after.per_query:
        allowed = ", ".join(after.per_query)
        raise UserError(f"--metric {metric.name}: is not made of queries (allowed: {allowed})")
    difference = _difference(before, after, np.asarray(labels)[after.queries], metric.name, seed)
    margin = metric.margin.of(difference.baseline)
    decision = decide(difference, margin)
    return Line(
        method="embeddings",
        metric=metric.name,
        status=decision.verdict,
        sentence=line_sentence("embeddings", metric.name, difference, decision),
        margin=margin,
        difference=difference,
        decision=decision,
    )


def _difference(
    before: Scores, after: Scores, labels: npt.NDArray[np.generic], metric: str, seed: int
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


def _notes(after: Scores, before: Scores, lines: list[Line]) -> tuple[str, ...]:
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
