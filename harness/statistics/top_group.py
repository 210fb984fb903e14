"""Which methods may be the best."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.statistics.pairs import OWN_SHARE, SECOND, Pairs


def may_be_best(pairs: Pairs, level: float = 0.05) -> npt.NDArray[np.bool_]:
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
