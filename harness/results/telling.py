"""What the values of one metric tell of a board's rows: the one place where statistics come in.

Boards, comparisons, rankings, reports and figures all read a `Telling`; none tests by itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness.metrics import MetricFacts
from harness.statistics import Noise
from harness.statistics.intervals import Interval, t_interval
from harness.statistics.pairs import BoardPairs, PairedDifference, all_pairs
from harness.statistics.standings import Standings, standings

LEVEL = 0.05

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ToldPair:
    """Two rows: their difference, its noise, its p-value over `family` pairs and all `looks`."""

    difference: PairedDifference
    adjusted: float
    family: int
    noise: Noise
    looks: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Telling:
    """What is known of m rows by one metric; everything is in the order of `values`, best first.

    `order`: which row of the board each is. `values`: float64 (m, s, f), NaN where a row has no
    such replicate. `found`: intervals, letters, ranks and top group (`harness.statistics`).
    `notes`: what these mean, in sentences for the foot of a table. `by_seeds`: bool (m,), rows of
    which seeds and not runs are the units.
    """

    order: tuple[int, ...]
    values: Floats
    found: Standings
    notes: tuple[str, ...]
    higher_is_better: bool
    by_seeds: Bools

    @property
    def tested(self) -> tuple[int, ...]:
        """Places of the rows with two replicates or more, which `pairs` compares in that order."""
        return self.found.places

    @property
    def pairs(self) -> BoardPairs:
        """The pairs of the tested rows; a difference is positive where the first is better."""
        return self.found.pairs

    def pair(self, rows: tuple[int, int], *, alone: bool = False) -> ToldPair | None:
        """What is told of two rows of the board, the first less the second; None if untested.

        `alone`: the pair was named before any result was seen. It is then neither corrected for
        the others nor its noise held above a share of theirs.
        """
        places = [self.order.index(row) for row in rows]
        if not set(places) <= set(self.tested):
            return None
        first, second = (self.tested.index(place) for place in places)
        pairs = self.pairs_alone if alone else self.pairs
        if pairs.replicates[first, second] < 2:
            return None
        seed = bool(pairs.seeded[first] or pairs.seeded[second])  # the unit, of all folds together
        folds = pairs.folds if seed else 1
        return ToldPair(
            difference=pairs.of(first, second),
            adjusted=float((pairs.p_values if alone else pairs.adjusted)[first, second]),
            family=1 if alone else max(1, pairs.family),
            noise=Noise(
                noise=float(pairs.noise[first, second]) / math.sqrt(folds),
                degrees=float(pairs.degrees[first, second]),
                folds=pairs.folds // folds,
                units=float(pairs.units[first, second]),
            ),
            looks=pairs.looks,
        )

    @cached_property
    def pairs_alone(self) -> BoardPairs:
        """The same pairs, each with its own noise as measured."""
        sign = 1.0 if self.higher_is_better else -1.0
        tested = list(self.tested)
        return all_pairs(
            sign * self.values[tested],
            by_seeds=self.by_seeds[tested],
            floor=0.0,
            looks=self.pairs.looks,
        )


def tell(
    values: Floats,
    order: Sequence[int],
    *,
    facts: MetricFacts,
    higher_is_better: bool = True,
    by_seeds: npt.ArrayLike = False,
    looks: int = 1,
) -> Telling:
    """Compare the rows of a board by one metric.

    `values`: (m, s, f), best first. `by_seeds`: bool (m,), rows of which the folds of a seed share
    more than their seed, as those of one search do. `looks`: at how many declared numbers of seeds
    the board is read.
    """
    found = standings(
        values,
        higher_is_better=higher_is_better,
        bounds=(facts.low, facts.high),
        by_seeds=by_seeds,
        looks=looks,
        level=LEVEL,
    )
    return Telling(
        order=tuple(order),
        values=values,
        found=found,
        notes=tuple(_notes(found, facts.title)),
        higher_is_better=higher_is_better,
        by_seeds=np.broadcast_to(np.asarray(by_seeds, np.bool_), len(values)),
    )


def interval_of(replicates: Sequence[Sequence[float]]) -> Interval:
    """Student's interval over replicates, their folds averaged, as publications hold it.

    Replicates that are not finite are left out, and so not counted.
    """
    means = [math.fsum(folds) / len(folds) for folds in replicates]
    return t_interval(means if math.isfinite(sum(means)) else list(filter(math.isfinite, means)))


def _notes(found: Standings, title: str) -> Iterator[str]:
    """What the marks of a board mean, as far as there are any."""
    pairs = found.pairs.family
    if not pairs:
        return
    counted = "the one pair" if pairs == 1 else f"all {pairs:,} pairs together"
    over = f" over {found.pairs.looks} looks" if found.pairs.looks > 1 else ""
    counted += over
    if found.shown == "nothing":
        yield f"no two rows can be told apart by {title} (5 %, {counted})"
    if found.marked:
        best = sum(row.best or False for row in found.rows)
        yield (
            f"*: may be the best by {title}, {best} of {len(found.places)} rows; the best is among "
            f"them with 95 %{over}, for every other row is shown to be below one (one-sided: "
            "sharper than ties and ranks)"
        )
    if found.shown == "letters":
        yield (
            f"ties: rows that share a letter are not told apart by {title} (5 %, {counted}), which "
            "shows none of them to be equal"
        )
    if found.shown == "ranks":
        yield (
            f"rank: where a row may truly stand by {title}; all hold together with 95 %{over} "
            f"({found.told:,} of {pairs:,} pairs are told apart)"
        )
    untested = int((np.triu(found.pairs.replicates < 2, 1)).sum())
    if untested:
        many = "1 pair has" if untested == 1 else f"{untested:,} pairs have"
        yield f"{many} fewer than two seeds in common: not tested, so not told apart"
    effect = found.pairs.effect
    if effect.found:
        yield (
            f"the folds of a seed share noise of {title} (F = {effect.ratio:.1f}, p < 0.001), so "
            "seeds and not runs are the units; it should not be: is a random stream not its fold's?"
        )
