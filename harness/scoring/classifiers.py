"""Classifiers on the embedding, as the papers score it: fitted on labelled points, then tested."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import UserError, unknown
from harness.scoring.agreement import agreement
from harness.scoring.geometry import Float32, Int64, Points, canonical_order, place
from harness.scoring.inputs import (
    Distance,
    check_distance,
    check_embeddings,
    check_labels,
    encode,
)


@dataclass(frozen=True)
class Classified:
    """How well predictions meet the labels of the test points.

    `accuracy`: part of them met. `macro_f1`, `macro_recall`: means over the classes of the test
    points. `ami`: adjusted mutual information of predictions and labels, which is no score of a
    clustering.
    """

    accuracy: float
    macro_f1: float
    macro_recall: float
    ami: float


def classify(  # noqa: PLR0913  two sets of points, each with its labels
    train: npt.ArrayLike,
    train_labels: npt.ArrayLike,
    test: npt.ArrayLike,
    test_labels: npt.ArrayLike,
    *,
    classifiers: Sequence[str] = ("knn_1", "knn_5", "svm_rbf", "random_forest", "mlp", "linear"),
    distance: Distance = "cosine",
    seed: int,
) -> dict[str, Classified]:
    """Fit each classifier on the training points alone and test it on the others.

    `train`, `test`: float (N, D) and (M, D); with `cosine` rows are scaled to length 1 first.
    What must not be seen (points whose labels a protocol hides) must not be in `train`.
    `classifiers`: knn_K for any K up to N (majority vote, ties to the smallest label), svm_rbf
    (C = 1, gamma = 1 / (D variance)), random_forest (100 trees), mlp (one hidden layer of 100),
    linear (logistic regression, the linear probe): scikit-learn's, with its defaults. All but
    knn and random_forest see features standardised by the training points. Training points are
    put in canonical order first, so that their row order changes nothing.

    Raises UserError for bad input, an unknown classifier and training points of one class.
    """
    metric = check_distance(distance)
    known = check_embeddings(train, what="training embeddings")
    asked = check_embeddings(test, what="test embeddings")
    if known.shape[1] != asked.shape[1]:
        raise UserError(
            f"test embeddings have {asked.shape[1]} dimensions, "
            f"training embeddings {known.shape[1]}"
        )
    codes, wanted = encode(
        check_labels(train_labels, len(known), what="training labels"),
        check_labels(test_labels, len(asked), what="test labels"),
    )
    if len(np.unique(codes)) == 1:
        raise UserError("all training labels are the same: there is nothing to tell apart")
    fitted_on, tested_on = place(known, metric, asked)
    order, _ = canonical_order(fitted_on.rows)
    return {
        name: _judge(_model(name, len(order), seed), fitted_on.take(order), codes[order],
                     tested_on.rows, wanted)
        for name in classifiers
    }  # fmt: skip


def _judge(model: Any, points: Points, codes: Int64, test: Float32, wanted: Int64) -> Classified:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # where it stops is its definition
        predicted = np.asarray(model.fit(points.rows, codes).predict(test))
    classes, inverse, sizes = np.unique(wanted, return_inverse=True, return_counts=True)
    met = np.bincount(inverse, weights=predicted == wanted)
    claimed = np.array([np.count_nonzero(predicted == code) for code in classes])
    return Classified(
        accuracy=float(np.mean(predicted == wanted)),
        macro_f1=float(np.mean(2 * met / (sizes + claimed))),
        macro_recall=float(np.mean(met / sizes)),
        ami=agreement(wanted, predicted)["ami"],
    )


def _model(name: str, points: int, seed: int) -> Any:
    if name.startswith("knn_") and name[4:].isdigit():
        return _knn(int(name[4:]), points)
    if name not in _MODELS:
        raise unknown("classifier", name, ["knn_K", *_MODELS])
    return _MODELS[name](seed % 2**32)


def _knn(k: int, points: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    if not 1 <= k <= points:
        raise UserError(f"knn_{k} needs 1 to {points} neighbours: there are {points} points")
    return KNeighborsClassifier(k, algorithm="brute")


def _svm_rbf(_: int) -> Any:
    from sklearn.svm import SVC

    return _standardised(SVC())


def _random_forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(random_state=seed)


def _mlp(seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return _standardised(MLPClassifier(random_state=seed, max_iter=500))


def _linear(_: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return _standardised(LogisticRegression(max_iter=1000))


def _standardised(model: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), model)


_MODELS: Mapping[str, Callable[[int], Any]] = {
    "svm_rbf": _svm_rbf,
    "random_forest": _random_forest,
    "mlp": _mlp,
    "linear": _linear,
}
