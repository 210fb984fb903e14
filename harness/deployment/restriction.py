"""Search among the entries that share the query's background variable alone."""

from __future__ import annotations

import numpy as np

from harness.deployment.nearest import Floats, Found, Gallery, Int64, nearest, nothing_found

UNKNOWN = -1
"""The value of a query whose background variable is not known."""


def usable(values: Int64, gallery: Gallery) -> Int64:
    """The same values, but UNKNOWN for those that no entry of the gallery has: int64 (Q,)."""
    return np.where(np.isin(values, gallery.values), values, UNKNOWN)


def nearest_of_value(
    gallery: Gallery, queries: Floats, values: Int64, *, otherwise: Gallery
) -> Found:
    """Find the nearest entry to each query among those of the query's value.

    `values`: int64 (Q,). Queries of UNKNOWN value are searched for in `otherwise`.
    """
    found = nothing_found(len(queries))
    for value in np.unique(values):
        asking = values == value
        among = otherwise if value == UNKNOWN else gallery.take(gallery.values == value)
        part = nearest(among, queries[asking])
        found.labels[asking], found.distances[asking] = part.labels, part.distances
    return found
