"""`compare`: two rows of a Board on common random numbers; a pure function."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from harness.comparison.class_sums import ClassSums
from harness.comparison.pair import Floats, Pair, make_pair
from harness.comparison.power import Power, power_to_see
from harness.results import Board, Telling
from harness.statistics import (
    Interval,
    PairedDifference,
    corrected_fold_test,
    effect_size,
    hierarchical_bootstrap,
    paired_difference,
    paired_differences,
    probability_of_improvement,
    sign_flip_test,
)

LEVEL = 0.05
SMALL = 0.005
_SEED = 0

Verdict = Literal["first", "second", "undecided", "one replicate"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is known of two rows by one metric; every difference is positive if the first is better.

    `means`: over the common replicates. `left_out`: replicates of each that the other lacks.
    `adjusted`: the t-test's p-value after Holm over the `family` pairs compared together.
    `sign_flip`, `over_folds`: p-values of the exact sign-flip test over replicates and of the
    corrected test over folds. `improvement`: the probability that a fresh replicate of the first
    beats one of the second; `effect`: Hedges' size. `resampled`: the ends of the hierarchical
    bootstrap's interval over `levels`, None without stored scores by class. What a single
    replicate cannot tell is None.
    """

    labels: tuple[str, str]
    members: tuple[int, int]
    metric: str
    higher_is_better: bool
    board: Board
    means: tuple[float, float]
    replicates: int
    folds: int
    left_out: tuple[int, int]
    difference: PairedDifference
    adjusted: float | None
    family: int
    sign_flip: float | None
    over_folds: float | None
    improvement: float | None
    effect: float | None
    resampled: tuple[float, float] | None
    levels: tuple[str, ...]
    power: Power | None

    @property
    def verdict(self) -> Verdict:
        """Which is better at 5 %, decided by `adjusted` alone, as the board's letters are."""
        if self.adjusted is None or self.difference.interval.mean is None:
            return "one replicate"
        if self.adjusted > LEVEL:
            return "undecided"
        return "first" if self.difference.interval.mean > 0 else "second"

    def turned(self) -> Comparison:
        """The same with the second row first."""
        return dataclasses.replace(
            self,
            labels=self.labels[::-1],
            members=self.members[::-1],
            means=self.means[::-1],
            left_out=self.left_out[::-1],
            difference=_negated(self.difference),
            improvement=None if self.improvement is None else 1.0 - self.improvement,
            effect=None if self.effect is None else -self.effect,
            resampled=None if self.resampled is None else (-self.resampled[1], -self.resampled[0]),
        )


def _negated(difference: PairedDifference) -> PairedDifference:
    mean, low, high = difference.interval.mean, difference.interval.low, difference.interval.high
    interval = Interval(
        mean=None if mean is None else -mean,
        low=None if high is None else -high,
        high=None if low is None else -low,
        n=difference.interval.n,
    )
    return dataclasses.replace(difference, interval=interval)


def compare(  # noqa: PLR0913 - what is compared, and how
    board: Board,
    first: str,
    second: str,
    *,
    metric: str,
    higher_is_better: bool = True,
    alone: bool = False,
    to_see: float = SMALL,
    sums: tuple[ClassSums, ClassSums] | None = None,
) -> Comparison:
    """Compare two rows over the replicates that both have, paired by seed and fold.

    The verdict corrects for all pairs of the board, because whoever reads a board has looked at
    all of them; `alone` is for a pair that was named before any result was seen. `to_see`: the
    difference whose number of replicates is asked for. `sums`: the two rows' scores by class, of
    the common seeds. Raises UserError as `make_pair` does.
    """
    pair = make_pair(board, first, second, metric)
    sign = 1.0 if higher_is_better else -1.0
    one, other = sign * pair.values[0], sign * pair.values[1]
    by_fold = paired_differences(one, other)
    difference = paired_difference(one.mean(axis=1), other.mean(axis=1))
    replicates = len(pair.seeds)
    adjusted, family = (
        (difference.p_value, 1)
        if alone
        else _corrected(board.telling(metric, higher_is_better=higher_is_better), pair)
    )
    tested = replicates > 1
    resampled, levels = _resampled(sums, sign) if tested else (None, ())
    return Comparison(
        labels=(pair.rows[0].label, pair.rows[1].label),
        members=(pair.rows[0].declared.members, pair.rows[1].declared.members),
        metric=metric,
        higher_is_better=higher_is_better,
        board=board,
        means=(float(pair.values[0].mean()), float(pair.values[1].mean())),
        replicates=replicates,
        folds=by_fold.shape[1],
        left_out=pair.left_out,
        difference=difference,
        adjusted=adjusted if tested else None,
        family=family,
        sign_flip=sign_flip_test(by_fold.mean(axis=1)) if tested else None,
        over_folds=corrected_fold_test(by_fold) if tested else None,
        improvement=probability_of_improvement(one.mean(axis=1), other.mean(axis=1)),
        effect=effect_size(by_fold.mean(axis=1)),
        resampled=resampled,
        levels=levels,
        power=power_to_see(to_see, difference.noise, replicates, family=family),
    )


def _corrected(telling: Telling, pair: Pair) -> tuple[float, int]:
    """The pair's p-value as the board's letters have it, and the number of pairs corrected for."""
    tested = [telling.order[place] for place in telling.tested]
    if not set(pair.places) <= set(tested):
        return 1.0, max(1, telling.pairs.family)
    first, second = (tested.index(place) for place in pair.places)
    return float(telling.pairs.adjusted[first, second]), telling.pairs.family


def _resampled(
    sums: tuple[ClassSums, ClassSums] | None, sign: float
) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    if sums is None:
        return None, ()
    differences: Floats = sign * (sums[0].sums - sums[1].sums)
    found = hierarchical_bootstrap(differences[None], sums[0].counts, seed=_SEED)
    return (float(found.low[0]), float(found.high[0])), found.levels
