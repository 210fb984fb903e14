"""What the values of a board tell of its rows: the one place that every command reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.statistics.intervals import Bounds, Interval, fold_intervals
from harness.statistics.letters import tie_letters
from harness.statistics.pairs import Pairs, all_pairs
from harness.statistics.ranks import rank_intervals
from harness.statistics.top_group import may_be_best
from harness.statistics.units import complete

LEVEL = 0.05
READABLE = 4  # letters of one row; with more nobody compares them, and ranks are shown


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One row: its interval, and where it stands among the others.

    `best`: it may be the best of the board. `ties`: letters, shared with whoever it cannot be told
    apart from. `ranks`: lowest and highest that it may truly have. All None below two replicates,
    and on a board without two such rows.
    """

    interval: Interval
    best: bool | None = None
    ties: str | None = None
    ranks: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Standings:
    """All rows of a board, in the order given, and what was found of their pairs.

    `pairs` are of the rows at `places`, those of two replicates or more, with differences positive
    where the first is better. `told`: how many pairs are told apart.
    """

    rows: tuple[Standing, ...]
    pairs: Pairs
    places: tuple[int, ...]
    told: int

    @property
    def shown(self) -> Literal["letters", "ranks", "nothing"]:
        """How to show who is told apart: by letters while they can be read."""
        if not self.told:
            return "nothing"
        most = max(_count(row.ties) for row in self.rows if row.ties)
        return "letters" if most <= READABLE else "ranks"

    @property
    def marked(self) -> bool:
        """Whether the top group says anything: some row is shown not to be the best."""
        return any(row.best is False for row in self.rows)

    @property
    def by_seeds(self) -> bool:
        """Whether folds of one seed were seen to share noise, so that seeds are the units."""
        return self.pairs.effect.found


def standings(
    values: npt.ArrayLike,
    *,
    higher_is_better: bool = True,
    bounds: Bounds = (None, None),
    by_seeds: npt.ArrayLike = False,
    looks: int = 1,
    level: float = LEVEL,
) -> Standings:
    """Letters, top group, ranks and intervals of rows, all from one reading of their pairs.

    `values`: (m, n, f), row by seed by fold, NaN where a row has no such replicate. `bounds`: what
    the metric cannot leave. `by_seeds`: bool (m,) or one for all, where the folds of a seed share
    what was drawn (a search for each replicate, streams that leave the fold out), so that seeds are
    the units; joined folds come with f = 1.
    `looks`: at how many declared numbers of seeds the board is read; the level is for all of them.
    """
    found = complete(values)
    seeded = np.broadcast_to(np.asarray(by_seeds, np.bool_), len(found))
    intervals = fold_intervals(found, by_seeds=seeded, bounds=bounds)
    places = [place for place, interval in enumerate(intervals) if interval.n > 1]
    sign = 1.0 if higher_is_better else -1.0
    pairs = all_pairs(sign * found[places], by_seeds=seeded[places], looks=looks)
    told = int(pairs.apart(level).sum()) // 2
    rows = [Standing(interval=interval) for interval in intervals]
    if len(places) > 1:
        best_first = sorted(
            range(len(places)), key=lambda place: -sign * (intervals[places[place]].mean or 0.0)
        )
        apart = pairs.apart(level)[np.ix_(best_first, best_first)]
        letters = dict(zip(best_first, tie_letters(apart), strict=True))
        low, high = rank_intervals(pairs.better(level))
        best = may_be_best(pairs, level)
        for place, row in enumerate(places):
            rows[row] = Standing(
                interval=intervals[row],
                best=bool(best[place]),
                ties=letters[place],
                ranks=(int(low[place]), int(high[place])),
            )
    return Standings(rows=tuple(rows), pairs=pairs, places=tuple(places), told=told)


def _count(letters: str | None) -> int:
    return sum(character.isalpha() for character in letters or "")
