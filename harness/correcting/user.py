"""The simulated user, who looks at some clusters a turn and says the true class of members."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.data import numpy_stream
from harness.errors import UserError
from harness.protocol.rules import CorrectingRule

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class User:
    """One user at work on texts, `labels` int64 (N,), of which nothing is shown twice.

    Draws depend on the seed and the turn alone. UserError where too few classes are left to know.
    """

    def __init__(self, labels: Int64, terms: CorrectingRule, *, seed: int) -> None:
        classes = np.unique(labels)
        count = round(terms.withheld * len(classes))
        if len(classes) - count < 2:
            raise UserError(
                f"--withheld {terms.withheld:g} of {len(classes)} classes leaves "
                f"{len(classes) - count}: nothing to tell apart"
            )
        hidden = numpy_stream(seed, "withheld classes").permutation(classes)[:count]
        self._known: Mask = ~np.isin(labels, hidden)
        self._labels = labels
        self._terms = terms
        self._seed = seed
        self._shown: Mask = np.zeros(len(labels), dtype=np.bool_)

    def look(self, assigned: Int64, turn: int) -> Int64:
        """Look at clusters, int64 (N,); the texts whose true class was said: ascending int64."""
        draw = numpy_stream(self._seed, "user", turn)
        told = [np.empty(0, dtype=np.int64)]
        for cluster in self._chosen(assigned, draw):
            members = np.flatnonzero((assigned == cluster) & ~self._shown)
            count = min(self._terms.members, len(members))
            looked_at = draw.choice(members, size=count, replace=False)
            self._shown[looked_at] = True
            told.append(looked_at[self._known[looked_at]])
        return np.sort(np.concatenate(told))

    def _chosen(self, assigned: Int64, draw: np.random.Generator) -> Int64:
        """The clusters of a turn; of equal ones the first."""
        left = assigned[~self._shown]
        clusters, sizes = np.unique(left, return_counts=True)
        if self._terms.rule == "random":
            order = draw.permutation(len(clusters))
        elif self._terms.rule == "largest":
            order = np.argsort(-sizes, kind="stable")
        else:
            # One text alone is always pure.
            clusters = clusters[sizes > 1]
            labels = self._labels[~self._shown]
            order = np.argsort([_purity(labels[left == one]) for one in clusters], kind="stable")
        return np.asarray(clusters[order][: self._terms.clusters])


def _purity(labels: Int64) -> float:
    """The share of the commonest class."""
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))
