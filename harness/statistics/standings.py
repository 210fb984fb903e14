"""What the values of a board tell of its rows: intervals, ranks, letters, who may be the best."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness.statistics import complete
from harness.statistics.intervals import Bounds, Interval, fold_intervals
from harness.statistics.pairs import OWN_SHARE, SECOND, BoardPairs, all_pairs


def may_be_best(pairs: BoardPairs, level: float = 0.05) -> npt.NDArray[np.bool_]:
    """(m,): True unless some method is shown to be higher; holds the best one with 1 - `level`.

    Against each other method a one-sided test at level / (m - 1) (Hsu 1984, by Bonferroni), by
    own and shared noise as `all_pairs` has them; whoever is told apart from a higher one is out
    as well. A method of fewer than two replicates may be anything.
    """
    others = max(1, len(pairs.differences) - 1)
    bar = level / others
    higher = pairs.differences > 0.0
    own = pairs.p_values / 2.0
    if pairs.shared is None:
        above = own <= bar
    else:
        seconded = (pairs.shared / 2.0 <= (1.0 - OWN_SHARE) * bar) & (own <= level / SECOND)
        above = (own <= OWN_SHARE * bar) | seconded
    beaten = higher & (above | pairs.apart(level))
    return ~np.asarray(beaten.any(axis=0))


Ranks = npt.NDArray[np.int64]


def rank_intervals(better: npt.ArrayLike) -> tuple[Ranks, Ranks]:
    """Lowest and highest rank that each method may truly have, 1 the best: two int64 (m,).

    `better`: bool (m, m), whether the row's method was found better than the column's, by tests
    that make any false claim with at most 5 % probability. All the intervals then hold together
    with 95 %: whoever was found better stands above, whoever was found worse below, and nothing
    else is known (Al Mohamad, van Zwet, Goeman, Solari 2022, with Holm in place of Tukey).
    """
    found = np.asarray(better, bool)
    return 1 + found.sum(axis=0), len(found) - found.sum(axis=1)


def shares_of_best(draws: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """In which share of common draws each method is the best: float64 (m,), together 1.

    `draws`: (b, m), one row a draw, higher is better. Methods that tie for the best share the draw.
    These are shares of draws, to be shown; only `rank_intervals` holds an error rate.
    """
    values = np.asarray(draws, np.float64)
    best = values == values.max(axis=1, keepdims=True)
    shares: npt.NDArray[np.float64] = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


_ALPHABET = string.ascii_lowercase + string.ascii_uppercase


def tie_letters(apart: npt.ArrayLike) -> list[str]:
    """Letters such that two methods share one if and only if they cannot be told apart.

    `apart`: bool (m, m), symmetric, False on the diagonal; methods in the order of their rank.
    Returns one string a method, never empty; "a" belongs to the best. A method between two that
    are told apart may carry both their letters: "cannot be told apart" is not transitive
    (Piepho 2004). Each letter is a clique of the pairs that are not told apart; the cliques are
    grown in rank order until they cover all such pairs, which takes few letters though not always
    the fewest. After 52 letters come a1, b1 and so on.
    """
    tied = ~np.asarray(apart, bool)
    if tied.ndim != 2 or tied.shape[0] != tied.shape[1] or (tied != tied.T).any():
        raise ValueError("`apart` must be a symmetric square")
    if not tied.diagonal().all():
        raise ValueError("a method cannot be told apart from itself")
    groups = _without_needless(_cover(tied), len(tied))
    groups.sort()
    return [
        "".join(_letter(g) for g, group in enumerate(groups) if m in group)
        for m in range(len(tied))
    ]


def _cover(tied: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Cliques in rank order that together hold every tied pair and every method."""
    covered = np.zeros_like(tied)
    groups: list[list[int]] = []
    for method in range(len(tied)):
        for other in range(method, len(tied)):
            if tied[method, other] and not covered[method, other]:
                group = _grown(tied, [method, other])
                covered[np.ix_(group, group)] = True
                groups.append(group)
    return groups


def _grown(tied: npt.NDArray[np.bool_], pair: Sequence[int]) -> list[int]:
    group = set(pair)
    free = np.logical_and.reduce(tied[list(group)])
    for method in np.flatnonzero(free).tolist():
        if free[method]:
            group.add(method)
            free &= tied[method]
    return sorted(group)


def _without_needless(groups: list[list[int]], methods: int) -> list[list[int]]:
    """Drop each clique whose pairs all lie in others, the latest first."""
    times = np.zeros((methods, methods), np.int64)
    for group in groups:
        times[np.ix_(group, group)] += 1
    kept = []
    for group in reversed(groups):
        place = np.ix_(group, group)
        if (times[place] > 1).all():
            times[place] -= 1
        else:
            kept.append(group)
    return kept


def _letter(place: int) -> str:
    lap, letter = divmod(place, len(_ALPHABET))
    return _ALPHABET[letter] + (str(lap) if lap else "")


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
    pairs: BoardPairs
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
