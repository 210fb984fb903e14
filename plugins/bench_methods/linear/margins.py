"""The objective of multi-task LMNN, and its solver.

Parameswaran and Weinberger, Large Margin Multi-Task Metric Learning, NeurIPS 2010: with distances
d_t(x, y)^2 = (x - y)' (M_0 + M_t) (x - y), minimise over positive semi-definite M_0, M_1, ...

    a ||M_0 - I||_F^2 + sum over tasks t of [ b_t ||M_t||_F^2
        + mean over targets (i, j) of (d_t(i, j)^2
        + sum over impostors k of [1 + d_t(i, j)^2 - d_t(i, k)^2]+) ].

The paper sums over targets; the mean keeps `a` and `b` of one meaning whatever the number of
samples. Targets are the nearest neighbours of the same value, in the features as they come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench_methods.multi_task.tasks import Task

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Margins:
    """One task: its samples, float64 (n, p), targets, int (T, 2), and the margin of each pair.

    `margin`: float64 (n, n): 0 within a value, 1 between values, or their gap if in order.
    """

    rows: Floats
    targets: Ints
    margin: Floats

    @classmethod
    def of(cls, rows: Floats, codes: Ints, task: Task, neighbours: int) -> Margins:
        """The samples of known value and their nearest neighbours of the same, if it has others."""
        import torch

        known = codes >= 0
        rows, codes = np.asarray(rows[known], dtype=np.float64), codes[known]
        squared = _squared(rows @ rows.T)
        pairs = [np.empty((0, 2), dtype=np.int64)]
        for value in np.unique(codes):
            own = np.flatnonzero(codes == value)
            count = min(neighbours, len(own) - 1)
            if count:
                among = squared[np.ix_(own, own)] + np.diag(np.full(len(own), np.inf))
                nearest = own[np.argsort(among, axis=1, kind="stable")[:, :count]]
                pairs.append(np.stack([np.repeat(own, count), nearest.ravel()], axis=1))
        margin = task.gaps(torch.as_tensor(codes)).double().numpy()
        return cls(rows, np.concatenate(pairs), margin)

    def measured(self, metric: Floats) -> tuple[float, Floats]:
        """The data's terms under a metric, (p, p), and their gradient in it."""
        if not len(self.targets):
            return 0.0, np.zeros_like(metric)
        squared = _squared(self.rows @ metric @ self.rows.T)
        anchor, target = self.targets.T
        reach = squared[anchor, target]
        hinges = self.margin[anchor] + reach[:, None] - squared[anchor]
        active = (hinges > 0) & (self.margin[anchor] > 0)
        value = reach.sum() + hinges[active].sum()
        weights = np.zeros_like(squared)
        np.add.at(weights, (anchor, target), 1.0 + active.sum(axis=1))
        np.add.at(weights, anchor, -active.astype(np.float64))
        count = len(self.targets)
        return float(value) / count, _scatter(self.rows, weights) / count


def _squared(products: Floats) -> Floats:
    """Squared distances of inner products, (n, n)."""
    own = np.diag(products)
    return np.asarray(own[:, None] + own - products - products.T)


def _scatter(rows: Floats, weights: Floats) -> Floats:
    """The sum over pairs of w_ij (x_i - x_j)(x_i - x_j)'."""
    both = weights + weights.T
    return np.asarray(rows.T @ (both.sum(axis=1)[:, None] * rows) - rows.T @ both @ rows)


def objective(
    tasks: Sequence[Margins], shared: Floats, own: Sequence[Floats], a: float, b: Sequence[float]
) -> tuple[float, Floats, list[Floats]]:
    """The value, and its gradients in the shared metric and in those of the tasks."""
    off = shared - np.eye(len(shared))
    value, of_shared, of_own = a * float((off**2).sum()), 2 * a * off, []
    for task, metric, weight in zip(tasks, own, b, strict=True):
        told, gradient = task.measured(shared + metric)
        value += told + weight * float((metric**2).sum())
        of_shared = of_shared + gradient
        of_own.append(gradient + 2 * weight * metric)
    return value, of_shared, of_own


def learn_metrics(
    tasks: Sequence[Margins], a: float, b: Sequence[float], *, steps: int
) -> tuple[Floats, list[Floats]]:
    """Projected gradient steps from M_0 = I, M_t = 0; a step that does not help is halved."""
    size = tasks[0].rows.shape[1]
    shared, own = np.eye(size), [np.zeros((size, size)) for _ in tasks]
    value, of_shared, of_own = objective(tasks, shared, own, a, b)
    rate = 1.0 / max(float(np.linalg.norm(of_shared)), 1e-12)
    for _ in range(steps):
        tried = _positive(shared - rate * of_shared)
        tried_own = [_positive(m - rate * g) for m, g in zip(own, of_own, strict=True)]
        found, next_shared, next_own = objective(tasks, tried, tried_own, a, b)
        if found < value:
            shared, own, value = tried, tried_own, found
            of_shared, of_own, rate = next_shared, next_own, 1.2 * rate
        else:
            rate /= 2
    return shared, own


def _positive(matrix: Floats) -> Floats:
    """The nearest positive semi-definite matrix."""
    sizes, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((axes * sizes.clip(min=0.0)) @ axes.T)
