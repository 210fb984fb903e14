"""How well clusters agree with classes: NMI, AMI, ARI and pairwise F1 from one table of counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from harness.errors import UserError
from harness.scoring.geometry import Int64
from harness.scoring.inputs import check_labels

_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Contingency:
    """Counts of the non-empty cells of classes x clusters, and both margins; all int64."""

    cells: Int64
    cell_class: Int64
    cell_cluster: Int64
    class_sizes: Int64
    cluster_sizes: Int64
    total: int


def contingency(classes: npt.NDArray[np.integer], clusters: npt.NDArray[np.integer]) -> Contingency:
    """Count pairs of class and cluster; any integers name them, both of shape (N,)."""
    _, y, a = np.unique(classes, return_inverse=True, return_counts=True)
    _, c, b = np.unique(clusters, return_inverse=True, return_counts=True)
    keys, cells = np.unique(y.astype(np.int64) * len(b) + c, return_counts=True)
    return Contingency(
        cells.astype(np.int64),
        keys // len(b),
        keys % len(b),
        a.astype(np.int64),
        b.astype(np.int64),
        len(y),
    )


def agreement(classes: npt.ArrayLike, clusters: npt.ArrayLike) -> dict[str, float]:
    """All four scores: `nmi` and `ami` (arithmetic mean of the entropies), `ari`, `pairwise_f1`.

    Raises UserError unless both are integers of one shape (N,), N at least 1.
    """
    named = np.asarray(classes)
    if named.size == 0:
        raise UserError("classes: there is nothing to compare")
    length = len(named) if named.ndim else 0
    known = check_labels(named, length, what="classes", of="classes")
    return of_table(
        contingency(known, check_labels(clusters, length, what="clusters", of="classes"))
    )


def of_table(table: Contingency) -> dict[str, float]:
    """The four scores of a table of counts."""
    entropies = _entropy(table.class_sizes), _entropy(table.cluster_sizes)
    mean = sum(entropies) / 2
    mutual = mutual_information(table)
    return {
        "nmi": 1.0 if mean == 0 else float(np.clip(mutual / mean, 0.0, 1.0)),
        "ami": _adjusted(mutual, mean, table),
        **_pairs(table),
    }


def mutual_information(table: Contingency) -> float:
    """I(classes; clusters) in nats, never below 0, and 0 where either is constant."""
    if 1 in (len(table.class_sizes), len(table.cluster_sizes)):
        return 0.0
    n = float(table.total)
    p = table.cells / n
    a, b = table.class_sizes[table.cell_class], table.cluster_sizes[table.cell_cluster]
    return max(0.0, float(np.sum(p * (np.log(table.cells * n) - np.log(a) - np.log(b)))))


def expected_mutual_information(table: Contingency) -> float:
    """E[I] in nats when both margins are fixed and the points are dealt at random.

    Vinh, Epps and Bailey, JMLR 2010, eq. 24a. The summand depends on a class and a cluster only
    through their sizes, so each distinct pair of sizes is summed once and weighted by how often
    it occurs: exact, and with ten thousand clusters of a few dozen sizes thousands of times less
    work than a sum over all cells.
    """
    n = table.total
    log_factorial = _log_factorials(1 << n.bit_length())[: n + 1]
    a, a_times = np.unique(table.class_sizes, return_counts=True)
    b, b_times = np.unique(table.cluster_sizes, return_counts=True)
    a, b = (grid.ravel() for grid in np.meshgrid(a, b, indexing="ij"))
    times = np.outer(a_times, b_times).ravel()
    low, terms = _reachable(a, b, n)
    total = 0.0
    for part in _parts(terms):
        total += _expected(a[part], b[part], times[part], low[part], terms[part], log_factorial)
    return total


def _reachable(a: Int64, b: Int64, n: int) -> tuple[Int64, Int64]:
    """First count worth adding for each pair of sizes, and how many from there.

    By Hoeffding's inequality (JASA 1963, theorem 1 and section 6) a count as far off its mean as
    5 sqrt(min(a, b)) has a probability below exp(-50): nothing at float64's precision.
    """
    mean, reach = a * (b / n), 5 * np.sqrt(np.minimum(a, b)) + 1
    low = np.maximum(np.maximum(1, a + b - n), (mean - reach).astype(np.int64))
    high = np.minimum(np.minimum(a, b), (mean + reach).astype(np.int64) + 1)
    return low, np.maximum(high - low + 1, 0)


@lru_cache(maxsize=2)
def _log_factorials(count: int) -> npt.NDArray[np.longdouble]:
    # In float64, log(60502!) alone rounds by 1e-10: there other libraries lose their digits.
    logs = np.log(np.arange(1, count + 1, dtype=np.longdouble))
    return np.concatenate((np.zeros(1, dtype=np.longdouble), np.cumsum(logs)))


def _parts(terms: Int64) -> list[slice]:
    chunk = (np.cumsum(terms) - 1) // _CHUNK
    edges = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(terms)]
    return [slice(i, j) for i, j in pairwise(edges)]


def _expected(
    a: Int64,
    b: Int64,
    times: Int64,
    low: Int64,
    terms: Int64,
    log_factorial: npt.NDArray[np.longdouble],
) -> float:
    n = len(log_factorial) - 1
    pair = np.repeat(np.arange(len(a)), terms)
    nij = np.arange(len(pair)) - np.repeat(np.cumsum(terms) - terms, terms) + low[pair]
    f = log_factorial
    of_pair = f[a] + f[b] + f[n - a] + f[n - b] - f[n]
    free = n - a - b
    log_chance = of_pair[pair] - f[nij] - f[a[pair] - nij] - f[b[pair] - nij] - f[free[pair] + nij]
    chance = np.exp(log_chance.astype(np.float64))
    gain = np.log(n * nij.astype(np.float64)) - np.log(a * b.astype(np.float64))[pair]
    return float(np.sum(nij / n * gain * chance * times[pair]))


def _adjusted(mutual: float, mean_entropy: float, table: Contingency) -> float:
    classes, clusters = len(table.class_sizes), len(table.cluster_sizes)
    if classes == clusters == 1 or classes == clusters == table.total:
        return 1.0
    if 1 in (classes, clusters):
        return 0.0
    expected = expected_mutual_information(table)
    room = mean_entropy - expected
    # scikit-learn's guard: where no partition can differ from chance the ratio is 0 / 0.
    tiny = float(np.finfo(np.float64).eps)
    room = min(room, -tiny) if room < 0 else max(room, tiny)
    return (mutual - expected) / room


def _entropy(sizes: Int64) -> float:
    p = sizes / sizes.sum()
    return float(-np.sum(p * np.log(p)))


def _pairs(table: Contingency) -> dict[str, float]:
    """ARI (Hubert and Arabie 1985) and the F1 of `same cluster` as a prediction of `same class`."""
    together = _pair_count(table.cells)
    in_class, in_cluster = _pair_count(table.class_sizes), _pair_count(table.cluster_sizes)
    every = table.total * (table.total - 1) // 2
    both = in_class + in_cluster
    f1 = 2 * together / both if both else 1.0
    if every == 0 or in_class == in_cluster == together:
        return {"ari": 1.0, "pairwise_f1": f1}
    expected = in_class * in_cluster / every
    return {"ari": (together - expected) / (both / 2 - expected), "pairwise_f1": f1}


def _pair_count(sizes: Int64) -> int:
    return int(np.sum(sizes * (sizes - 1) // 2))
