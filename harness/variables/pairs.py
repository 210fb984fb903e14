"""Pairs of one class, each against the items of all other classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Pairs:
    """Ordered pairs of one class: query, partner, and how they stand.

    `near`: 1 where the partner is nearer to the query than every item of another class, so that
    the mean is P@1 with one relevant item at a time, whatever the number of partners.
    `apart`: their distance over the query's mean distance to items of other classes. All (P,).
    """

    query: Int64
    partner: Int64
    near: Floats
    apart: Floats

    @classmethod
    def of(cls, rows: Floats, labels: Int64) -> Pairs:
        """Every pair of embeddings, float64 (N, D), of two classes or more, by distance."""
        squares = np.einsum("nd,nd->n", rows, rows)
        found: list[tuple[Int64, Int64, Floats, Floats]] = []
        for start in range(0, len(rows), _CHUNK):
            part = np.arange(start, min(start + _CHUNK, len(rows)))
            away = squares[part, None] + squares - 2 * rows[part] @ rows.T
            distances = np.sqrt(np.maximum(away, 0.0))
            same = labels[part, None] == labels
            nearest = np.where(same, np.inf, distances).min(axis=1)
            mean = np.where(same, 0.0, distances).sum(axis=1) / (~same).sum(axis=1)
            same[np.arange(len(part)), part] = False
            query, partner = np.nonzero(same)
            reach = distances[query, partner]
            # Where all items lie at one place there is no distance to compare with.
            unit = np.where(mean > 0, mean, 1.0)[query]
            found.append(
                (part[query], partner, (reach < nearest[query]).astype(float), reach / unit)
            )
        query, partner, near, apart = (np.concatenate(one) for one in zip(*found, strict=True))
        return cls(query, partner, near, apart)

    def split(self, codes: Int64) -> tuple[Int64, Floats]:
        """Each query's means within its value and across values.

        `codes`: int64 (N,), of the variable. Returns the queries that have partners of both
        kinds, int64 (Q,), and float64 (Q, 4): near within, near across, apart within, across.
        """
        across = codes[self.query] != codes[self.partner]
        count = len(codes)
        sides = []
        for chosen in (~across, across):
            query = self.query[chosen]
            sizes = np.bincount(query, minlength=count)
            sums = [np.bincount(query, self.near[chosen], count)]
            sums.append(np.bincount(query, self.apart[chosen], count))
            sides.append((sizes, *sums))
        queries = np.flatnonzero((sides[0][0] > 0) & (sides[1][0] > 0))
        means = [side[which][queries] / side[0][queries] for which in (1, 2) for side in sides]
        return queries, np.stack(means, axis=1) if len(queries) else np.empty((0, 4))
