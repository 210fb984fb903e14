"""What `bench score` shows: rows of scores, and what is said below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from harness.scoring import EmbeddingScores
    from harness.scoring.bootstrap import BootstrapInterval
    from harness.scoring.verification import Verification
    from harness.table import Cell, Table

_MANY_CLASSES = 100
_WORST = 20


def by_group(
    scores: EmbeddingScores, groups: npt.NDArray[np.str_], by: str
) -> list[dict[str, Cell]]:
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


def score_rows(
    scores: EmbeddingScores, intervals: dict[str, BootstrapInterval]
) -> list[dict[str, Cell]]:
    """A row for each score, with its interval."""
    return [
        {
            "metric": name,
            "value": value,
            "low": intervals[name].low if name in intervals else None,
            "high": intervals[name].high if name in intervals else None,
            "class_mean": scores.class_means.get(name),
        }
        for name, value in scores.values.items()
    ]


def pair_rows(pairs: Verification) -> list[dict[str, Cell]]:
    """A row for each verification score, with its threshold."""
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


def as_json(rows: list[dict[str, Cell]]) -> dict[str, dict[str, Cell]]:
    """Scores by their names."""
    shown = ("value", "low", "high", "threshold")
    return {
        str(row["metric"]): {key: row[key] for key in shown if row.get(key) is not None}
        for row in rows
    }


def as_table(rows: list[dict[str, Cell]], notes: list[str]) -> Table:
    """The rows, with notes below."""
    from harness.table import Column, Table

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
    return Table(columns=columns, rows=rows, notes=notes)


def notes_on(scores: EmbeddingScores) -> list[str]:
    """What must be known beside the numbers."""
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
