"""Declared looks: after how many replicates a board is read, and what each row had by then.

Whoever adds seeds and reads again until something is told apart tells too much. Where the looks
were declared beforehand, the level is shared among them (`harness.statistics.pairs.all_pairs`), and
between two of them nothing new is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from harness.store.excerpts import Common, Excerpt

Floats = npt.NDArray[np.float64]


def declared_looks(found: Iterable[Common]) -> tuple[int, ...]:
    """All looks that any of the runs was made for: whoever looked more often has paid for all."""
    return tuple(sorted({look for common in found for look in common.looks}))


def last_look(runs: Sequence[Excerpt], looks: Sequence[int], folds: int) -> int | None:
    """The last of the looks that a row's runs have all ended for, 0 before; None without looks."""
    if not looks:
        return None
    ended = {(run.seed, run.fold) for run in runs}
    whole = [look for look in looks if sum(seed < look for seed, _ in ended) >= look * folds]
    return max(whole, default=0)


def asked_for(runs: Sequence[Excerpt], looks: Sequence[int], replicates: int) -> int:
    """How many replicates a row is to have by the look that it is on the way to."""
    begun = 1 + max((run.seed for run in runs), default=0)
    return min((look for look in looks if look >= begun), default=replicates)


def at_looks(values: Floats, seeds: Sequence[int], looked: Sequence[int | None]) -> Floats:
    """`values` (m, s, f), NaN where a row's seed is of no look that it has finished."""
    there = [[last is None or seed < last for seed in seeds] for last in looked]
    return np.where(np.array(there, bool).reshape(len(looked), len(seeds), 1), values, np.nan)


def look_notes(looked: Sequence[int | None], looks: Sequence[int]) -> Iterator[str]:
    """How the level is shared, and which rows got no more seeds."""
    if not looks:
        return
    listed = ", ".join(map(str, looks))
    counts = {look: looked.count(look) for look in looks}
    stood = ", ".join(f"{count} of the rows at {look}" for look, count in counts.items() if count)
    yield (
        f"looked at after {listed} seeds: {len(looks)} looks share the 5 %, and rows that a look "
        f"shows not to be the best get no more seeds ({stood or 'none has reached the first'})"
    )
