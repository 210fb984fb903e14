"""Linear probes that are tested on classes they were not fitted on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.data import numpy_stream

Floats = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

FOLDS = 5


@dataclass(frozen=True, eq=False)
class _Fold:
    """Which rows are tested, which are fitted on, and the map from targets there to predictions.

    `weights`: float64 (tested, fitted): predictions less the fitted mean are weights @ (targets
    less their mean).
    """

    tested: Int64
    fitted: Int64
    weights: Floats

    def predicted(self, targets: Floats) -> Floats:
        """Predictions of targets, float64 (N, t), for the tested rows: (tested, t)."""
        known = targets[self.fitted]
        mean = known.mean(axis=0)
        return np.asarray(mean + self.weights @ (known - mean))


@dataclass(frozen=True, eq=False)
class Probe:
    """Ridge regression on standardised embeddings, by folds of whole classes.

    A sample's variable is predicted from samples of other classes alone, so that knowing the
    class is no help. The penalty is the number of dimensions: what a half of the target's variance,
    spread evenly over them, asks for. Where targets are indicators of values, the largest
    prediction counts. The maps do not depend on the targets: dealt out anew, these cost a product
    of matrices.
    """

    folds: tuple[_Fold, ...]

    @classmethod
    def of(cls, rows: Floats, labels: Int64, *, seed: int) -> Probe:
        """Prepare the probe of embeddings, float64 (N, D), of two classes or more."""
        return cls(tuple(_folds(rows, labels, seed)))

    def hits(self, codes: Int64) -> tuple[Floats, Floats]:
        """Whether each sample's value is predicted, and whether the commonest one is it.

        `codes`: int64 (N,), 0..V-1. The commonest value is that of the samples fitted on: what
        can be known without the embedding. Both float64 (N,).
        """
        indicators = np.eye(int(codes.max()) + 1)[codes]
        met, chance = np.zeros(len(codes)), np.zeros(len(codes))
        for fold in self.folds:
            truth = codes[fold.tested]
            met[fold.tested] = fold.predicted(indicators).argmax(axis=1) == truth
            chance[fold.tested] = indicators[fold.fitted].sum(axis=0).argmax() == truth
        return met, chance

    def squares(self, numbers: Floats) -> tuple[Floats, Floats]:
        """Squared errors of predictions, and of the mean of the samples fitted on.

        `numbers`: float64 (N,). Both float64 (N,).
        """
        off, about = np.zeros(len(numbers)), np.zeros(len(numbers))
        for fold in self.folds:
            truth = numbers[fold.tested]
            off[fold.tested] = (fold.predicted(numbers[:, None])[:, 0] - truth) ** 2
            about[fold.tested] = (numbers[fold.fitted].mean() - truth) ** 2
        return off, about


def _folds(rows: Floats, labels: Int64, seed: int) -> Iterator[_Fold]:
    classes = numpy_stream(seed, "probe classes").permutation(np.unique(labels))
    for part in np.array_split(classes, min(FOLDS, len(classes))):
        tested = np.isin(labels, part)
        fit, test = _standardised(rows[~tested], rows[tested])
        # With few samples in many dimensions the dual form is the smaller one; both are the same.
        penalty = fit.shape[1]
        if len(fit) <= fit.shape[1]:
            gram = fit @ fit.T + penalty * np.eye(len(fit))
            weights = np.linalg.solve(gram, fit @ test.T).T
        else:
            gram = fit.T @ fit + penalty * np.eye(fit.shape[1])
            weights = test @ np.linalg.solve(gram, fit.T)
        maps = np.asarray(weights, dtype=np.float64)
        yield _Fold(np.flatnonzero(tested), np.flatnonzero(~tested), maps)


def _standardised(fit: Floats, test: Floats) -> tuple[Floats, Floats]:
    mean, deviation = fit.mean(axis=0), fit.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    return (fit - mean) / deviation, (test - mean) / deviation
