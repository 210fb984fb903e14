"""Verification: are two items of one class? ROC AUC, EER and TAR at FAR over all pairs.

Similarities are put on a grid, and counted in one table for pairs of one class and one for pairs
of two. All scores are exact sums over the tables, whatever the number of pairs; pairs that share
a place on the grid are ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import UserError
from harness.scoring.bootstrap import BootstrapInterval
from harness.scoring.geometry import Int64
from harness.scoring.inputs import Distance, check_distance
from harness.scoring.pairing import ArrangedPair, pairs_of

FARS = (1e-1, 1e-2, 1e-3, 1e-4)
_FEW_FALSE = 10
_DRAWS = 100

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Verification:
    """Scores of all pairs.

    `values`: roc_auc, eer, and tar_at_far_X for each rate asked for. `thresholds`: of eer and the
    tars, the similarity (cosine) from which, or the distance (Euclidean) up to which, a pair is
    accepted. `positives`, `negatives`: how many pairs there are of one class and of two.
    `intervals`: 95 %, from a bootstrap over classes; empty if not asked for.
    """

    values: dict[str, float]
    thresholds: dict[str, float]
    positives: int
    negatives: int
    intervals: dict[str, BootstrapInterval]

    @property
    def notes(self) -> list[str]:
        """What is to be said of rates that the pairs are too few for."""
        scarce = [
            name
            for name in self.values
            if name.startswith("tar_at_far_") and far_of(name) * self.negatives < _FEW_FALSE
        ]
        if not scarce:
            return []
        return [
            f"{self.negatives:,} pairs of two classes are few for {', '.join(scarce)}: fewer than "
            f"{_FEW_FALSE} false accepts"
        ]


def name_of(far: float) -> str:
    """The name of the true accept rate at a false accept rate."""
    return f"tar_at_far_{far:g}"


def far_of(name: str) -> float:
    """The false accept rate in such a name."""
    return float(name.removeprefix("tar_at_far_"))


def verify(  # noqa: PLR0913 - the gallery comes in two parts
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    gallery: npt.ArrayLike | None = None,
    gallery_labels: npt.ArrayLike | None = None,
    fars: Sequence[float] = FARS,
    distance: Distance = "cosine",
    draws: int = 0,
    seed: int = 0,
) -> Verification:
    """Score every pair of items, or of a query and a gallery item, as docs/metrics.md has it.

    `embeddings`, `labels`, `gallery` and `gallery_labels` as in `score_embeddings`. `draws` of a
    bootstrap over classes with `seed` give intervals; 0 leaves them out. Raises UserError for what
    cannot be scored: no pair of one class, or none of two.
    """
    metric = check_distance(distance)
    _check_fars(fars)
    pairs = pairs_of(embeddings, labels, gallery, gallery_labels, metric)
    filled, same, other = pairs.counted()
    positives, negatives = int(same.sum()), int(other.sum())
    if not positives or not negatives:
        kind = "of one class" if not positives else "of two classes"
        raise UserError(f"verification needs pairs {kind}: there are none")
    curve = _Curve(same, other)
    values, places = curve.scores(fars)
    thresholds = {name: pairs.value_at(int(filled[at])) for name, at in places.items()}
    intervals = {}
    if draws:
        coarse = _coarser(same, other, pairs.steps)
        lookup = np.zeros(pairs.places, dtype=np.int16)
        lookup[filled] = coarse
        intervals = _intervals(pairs, lookup, values, fars, draws=draws, seed=seed)
    return Verification(
        values=values,
        thresholds=thresholds,
        positives=positives,
        negatives=negatives,
        intervals=intervals,
    )


def _check_fars(fars: Sequence[float]) -> None:
    if any(not 0 < far < 1 for far in fars):
        raise UserError(f"false accept rates lie between 0 and 1, not {tuple(fars)}")


class _Curve:
    """The ROC of two tables, from the most similar place to the least."""

    def __init__(self, same: npt.NDArray[np.number], other: npt.NDArray[np.number]) -> None:
        self.same, self.other = same.astype(np.float64), other.astype(np.float64)
        self.accepted = np.concatenate(([0.0], np.cumsum(self.same)))
        self.false = np.concatenate(([0.0], np.cumsum(self.other)))

    def scores(self, fars: Sequence[float]) -> tuple[dict[str, float], dict[str, int]]:
        """The scores, and which place of the tables each threshold is at."""
        all_same, all_other = self.accepted[-1], self.false[-1]
        above = self.accepted[:-1] + self.same / 2
        values = {"roc_auc": float(np.dot(self.other, above) / (all_same * all_other))}
        tar, far = self.accepted / all_same, self.false / all_other
        missed = 1 - tar
        cross = int(np.argmax(far >= missed))
        # Between two places the curve is straight, as ties are accepted by lot.
        gap, next_gap = missed[cross - 1] - far[cross - 1], far[cross] - missed[cross]
        share = gap / (gap + next_gap) if gap + next_gap > 0 else 1.0
        values["eer"] = float(far[cross - 1] + share * (far[cross] - far[cross - 1]))
        places = {"eer": max(cross - 1, 0)}
        for rate in fars:
            reached = int(np.searchsorted(far, rate, side="right")) - 1
            values[name_of(rate)] = float(tar[reached])
            places[name_of(rate)] = max(reached - 1, 0)
        return values, places


def _intervals(
    pairs: ArrangedPair,
    coarse: npt.NDArray[np.int16],
    exact: dict[str, float],
    fars: Sequence[float],
    *,
    draws: int,
    seed: int,
) -> dict[str, BootstrapInterval]:
    """Percentiles over draws of classes, to first order in how often each class is drawn.

    A pair of two classes is in a draw as often as both of its classes are, less once. The draws
    are on a coarser grid, which is fine where the false accept rates are small, and are centred
    on the exact scores.
    """
    classes = int(max(side.max() for side in pairs.classes)) + 1
    of_class, between = (table.astype(np.float64) for table in pairs.by_class(coarse, pairs.steps))
    both = between.sum(axis=0) / 2
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(3)[2])
    names = list(_Curve(of_class.sum(axis=0)[::-1], both[::-1]).scores(fars)[0])
    drawn: list[list[float]] = []
    while len(drawn) < draws:
        some = min(_DRAWS, draws - len(drawn))
        times = rng.multinomial(classes, np.full(classes, 1 / classes), size=some).astype(float)
        for accepted, false in zip(
            times @ of_class, np.maximum(times @ between - both, 0), strict=True
        ):
            if accepted.sum() and false.sum():
                curve = _Curve(accepted[::-1], false[::-1])
                drawn.append(list(curve.scores(fars)[0].values()))
            else:
                drawn.append(drawn[-1] if drawn else [0.5] * len(names))
    spread = np.array(drawn) - np.mean(drawn, axis=0)
    ends = np.percentile(spread, [2.5, 97.5], axis=0)
    return {
        name: BootstrapInterval(
            *(float(np.clip(exact[name] + end, 0.0, 1.0)) for end in ends[:, place])
        )
        for place, name in enumerate(names)
    }  # fmt: skip


def _coarser(same: Int64, other: Int64, steps: int) -> npt.NDArray[np.int16]:
    """Which coarse place each place is: even shares of both tables, and small ones at the top."""
    tail = np.cumsum(other) / max(1, other.sum())
    kept = np.cumsum(same) / max(1, same.sum())
    third = steps // 3
    small = np.digitize(np.log10(np.maximum(tail, 1e-9)), np.linspace(-6, 0, third))
    edges = small + np.floor(tail * third) + np.floor(kept * third)
    changed = np.flatnonzero(np.diff(edges) != 0)
    numbers = np.zeros(len(edges), dtype=np.int64)
    numbers[changed + 1] = 1
    # The tables begin with the most similar place, and coarse places end with it.
    return (steps - 1 - np.minimum(np.cumsum(numbers), steps - 1)).astype(np.int16)
