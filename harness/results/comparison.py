"""Two rows of a Board on common random numbers: what is known of them, and what it would take."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.errors import NotComparable, UserError
from harness.results.board import Board, Row
from harness.results.class_sums import sums_of_rows
from harness.results.source import Source, as_source
from harness.results.telling import LEVEL, Floats, ToldPair
from harness.statistics import paired_differences
from harness.statistics.bootstrap import Bootstrap, hierarchical_bootstrap
from harness.statistics.correlated_folds import corrected_fold_test
from harness.statistics.effect import effect_size, probability_of_improvement
from harness.statistics.intervals import Interval
from harness.statistics.pairs import BoardPairs, PairedDifference, paired_difference
from harness.statistics.power import detectable_difference, replicates_on_board, replicates_to_see
from harness.statistics.sign_flip import sign_flip_test
from harness.store import Store

SMALL = 0.005
_SEED = 0
SIGNS = 6  # replicates; with fewer no result of the sign-flip test is below 5 %

Answer = Literal["first", "second", "undecided", "one replicate"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two rows and their values on the seeds that both have: float64 (s, f) each.

    `places`: where the two rows stand on the board. `left_out`: how many further replicates each
    has.
    """

    rows: tuple[Row, Row]
    seeds: tuple[int, ...]
    values: tuple[Floats, Floats]
    left_out: tuple[int, int]
    places: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Power:
    """The replicates at which a true `difference` is found with probability `power`.

    `alone`: tested by itself at 5 %; `corrected`: among the `family` pairs of its board, so that it
    suffices whatever the other pairs do. None: more than a million. `noise`: standard deviation of
    a run's difference within its fold, as measured over `replicates`; planned is with `at_most`,
    below which the true one is in four cases of five. `detectable`: the smallest difference that
    the replicates at hand show by themselves.
    """

    difference: float
    power: float
    family: int
    replicates: int
    noise: float
    at_most: float
    alone: int | None
    corrected: int | None
    detectable: float

    @property
    def more(self) -> int | None:
        """How many more replicates the corrected test needs; 0 if there are enough."""
        return None if self.corrected is None else max(0, self.corrected - self.replicates)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is known of two rows by one metric; every difference is positive if the first is better.

    `means`: over the common replicates. `left_out`: replicates of each that the other lacks.
    `adjusted`: the p-value over the `family` pairs compared together, as the board's letters have
    it. `sign_flip`, `over_folds`: p-values of the exact sign-flip test over replicates, None below
    the six at which it can say anything, and of the corrected test over folds. `improvement`: the
    share of pairings in which a replicate of the first is above one of the second; `effect`:
    Hedges' size. `same`: whether they score the same in every run. `resampled`: the ends of the
    hierarchical bootstrap's interval over `levels`, None without stored scores by class. What a
    single replicate cannot tell is None. `told` and `pairs`: what
    further plans are made of.
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
    same: bool = False
    told: ToldPair | None = dataclasses.field(default=None, repr=False)
    pairs: BoardPairs | None = dataclasses.field(default=None, repr=False)

    @property
    def looks(self) -> int:
        """How many declared looks share the level."""
        return self.told.looks if self.told else 1

    @property
    def too_few(self) -> str:
        """What they have too little of, where one replicate or none can be told by."""
        if self.replicates > 1 and self.board.looks:
            looks = ", ".join(map(str, self.board.looks))
            return f"{self.replicates} common replicates, and looks were declared at {looks}"
        return "one common replicate"

    @property
    def verdict(self) -> Answer:
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
    source: Source | Store | None = None,
) -> Comparison:
    """Compare two rows over the replicates that both have, paired by seed and fold.

    The verdict corrects for all pairs of the board, because whoever reads a board has looked at
    all of them; `alone` is for a pair that was named before any result was seen. `to_see`: the
    difference whose number of replicates is asked for. `source`: where the bootstrap's scores by
    class are from; without it there is none. Raises UserError as `make_pair` does, and for an
    artifact that is missing or damaged.
    """
    pair = make_pair(board, first, second, metric)
    sign = 1.0 if higher_is_better else -1.0
    one, other = sign * pair.values[0], sign * pair.values[1]
    by_fold = paired_differences(one, other)
    telling = board.telling(metric, higher_is_better=higher_is_better)
    told = telling.pair(pair.places, alone=alone)
    difference = told.difference if told else paired_difference(one, other)
    replicates = len(pair.seeds)
    tested = replicates > 1
    drawn = _resampled(source, board, pair, metric, sign) if source and tested else None
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
        adjusted=told.adjusted if told else None,
        family=told.family if told else 1,
        sign_flip=sign_flip_test(by_fold.mean(axis=1)) if replicates >= SIGNS else None,
        over_folds=corrected_fold_test(by_fold) if tested else None,
        improvement=probability_of_improvement(one.mean(axis=1), other.mean(axis=1)),
        effect=effect_size(by_fold.mean(axis=1)),
        resampled=(float(drawn.low[0]), float(drawn.high[0])) if drawn else None,
        levels=drawn.levels if drawn else (),
        power=power_to_see(to_see, told, None if alone else telling.pairs),
        same=tested and not by_fold.any(),
        told=told,
        pairs=None if alone else telling.pairs,
    )


def _resampled(
    source: Source | Store, board: Board, pair: Pair, metric: str, sign: float
) -> Bootstrap | None:
    sums = sums_of_rows(as_source(source), board, pair.places, pair.seeds, metric)
    if sums is None:
        return None
    differences: Floats = sign * (sums[0].sums - sums[1].sums)
    return hierarchical_bootstrap(differences[None], sums[0].counts, seed=_SEED)


def make_pair(board: Board, first: str, second: str, metric: str) -> Pair:
    """Find two rows by label or method and the seeds at which both have `metric` in every fold.

    Raises UserError for a name that is unknown or stands for several rows, a row against itself or
    a metric that neither has, and NotComparable for rows without a common replicate.
    """
    places = (board.row(first), board.row(second))
    rows = (board.rows[places[0]], board.rows[places[1]])
    if places[0] == places[1]:
        raise UserError(f"'{first}' and '{second}' are one row; comparing takes two")
    seeds, values = board.values(board.metric(metric).name)
    there = np.isfinite(values.mean(axis=2)[list(places)])
    common = there.all(axis=0)
    if not common.any():
        raise NotComparable(_nothing_in_common(rows, there, metric))
    return Pair(
        rows=rows,
        seeds=tuple(int(seed) for seed in np.array(seeds)[common]),
        values=(values[places[0]][common], values[places[1]][common]),
        left_out=(int((there[0] & ~common).sum()), int((there[1] & ~common).sum())),
        places=places,
    )


def _nothing_in_common(rows: tuple[Row, Row], there: npt.NDArray[np.bool_], metric: str) -> str:
    for row, seeds in zip(rows, there, strict=True):
        if not seeds.any():
            done = f"{row.runs.done} of {row.runs.expected} runs are done"
            return f"'{row.label}' has no complete replicate with {metric} ({done})"
    return f"'{rows[0].label}' and '{rows[1].label}' have no seed in common: nothing to pair"


def power_to_see(
    difference: float, found: ToldPair | None, pairs: BoardPairs | None, power: float = 0.8
) -> Power | None:
    """Plan for `difference`; None where no noise could be measured (fewer than two replicates).

    `pairs`: those of the board, None for a pair that was named beforehand.
    """
    if found is None:
        return None
    noise, replicates = found.noise, found.difference.interval.n
    level = LEVEL / found.looks
    alone = replicates_to_see(difference, noise, level=level, power=power)
    return Power(
        difference=difference,
        power=power,
        family=found.family,
        replicates=replicates,
        noise=noise.noise,
        at_most=noise.at_most,
        alone=alone,
        corrected=alone
        if pairs is None
        else replicates_on_board(difference, noise, pairs, level=LEVEL, power=power),
        detectable=detectable_difference(noise, replicates, level=level, power=power) or 0.0,
    )
