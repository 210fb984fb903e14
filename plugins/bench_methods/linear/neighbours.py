"""Large margin nearest neighbours, and kernel regression.

By metric-learn, on whitened trunk features. LMNN and MLKR are quadratic in the samples or worse:
LMNN sees whole classes of at most 1,920 samples and takes 30 steps (the library's limit is 1,000),
MLKR whole classes of at most 1,600 and 30 steps of L-BFGS. A class with fewer neighbours than LMNN
asks for lowers that number for all.

MLKR is a regression. Each class gets a number drawn from the normal distribution as its target:
in expectation the squared error is then that of one-hot targets.
"""

from __future__ import annotations

from typing import Any

from bench_methods.linear.citations import WEINBERGER_SAUL, WEINBERGER_TESAURO
from bench_methods.linear.readout import EXTRA, linear_method
from harness import Float, Int

LMNN_SAMPLES, MLKR_SAMPLES, STEPS = 1920, 1600, 30


def _lmnn(
    features: Any, labels: Any, *, width: int, seed: int, neighbours: int, regularization: float
) -> Any:
    import numpy as np
    from metric_learn import LMNN

    from bench_methods.linear.library import components_of
    from bench_methods.linear.subsample import whole_classes

    seen = whole_classes(labels, most=LMNN_SAMPLES, seed=seed)
    fewest = int(np.unique(labels[seen], return_counts=True)[1].min())
    estimator = LMNN(
        n_components=min(width, features.shape[1]),
        n_neighbors=min(neighbours, fewest - 1),
        regularization=regularization,
        max_iter=STEPS,
        random_state=seed,
    )
    return components_of(estimator, features[seen], labels[seen])


def _mlkr(features: Any, labels: Any, *, width: int, seed: int) -> Any:
    import numpy as np
    from metric_learn import MLKR

    from bench_methods.linear.library import components_of
    from bench_methods.linear.subsample import whole_classes

    seen = whole_classes(labels, most=MLKR_SAMPLES, seed=seed)
    target_of_class = np.random.default_rng(seed).normal(size=int(labels.max()) + 1)
    estimator = MLKR(n_components=min(width, features.shape[1]), max_iter=STEPS, random_state=seed)
    return components_of(estimator, features[seen], target_of_class[labels[seen]])


lmnn = linear_method(
    "lmnn",
    _lmnn,
    summary="A Mahalanobis distance that keeps a margin between each sample's neighbours of its "
    "class and all others.",
    reference="Weinberger and Saul, Distance Metric Learning for Large Margin Nearest Neighbor "
    "Classification, JMLR 2009",
    citation=WEINBERGER_SAUL,
    defaults_from="library",
    requires=EXTRA,
    neighbours=Int(1, 5, default=3),
    regularization=Float(0.1, 0.9, default=0.5),
)

mlkr = linear_method(
    "mlkr",
    _mlkr,
    summary="The linear map under which kernel regression predicts a random number of each class "
    "best.",
    reference="Weinberger and Tesauro, Metric Learning for Kernel Regression, AISTATS 2007",
    citation=WEINBERGER_TESAURO,
    defaults_from="library",
    requires=EXTRA,
)
