"""PCA whitening, linear discriminant analysis and neighbourhood components analysis.

LDA is fitted after the whitening, which keeps no more axes than there are samples beyond one a
class (Fisherfaces does the same), so that the scatter within classes has an inverse. A class of one
sample says nothing of that scatter and is left out. The discriminants are one fewer than the
classes: of a few classes, too few to tell new ones apart.

NCA is scikit-learn's, from its own start (LDA where classes allow it). Its cost is quadratic in the
samples: it sees whole classes of at most 1,920 samples and takes at most 20 steps of L-BFGS.
"""

from __future__ import annotations

from typing import Any

from bench_methods.linear.citations import FISHER, JEGOU
from bench_methods.linear.readout import linear_method
from bench_methods.pairs.citations import GOLDBERGER
from harness import Float

SAMPLES, STEPS = 1920, 20


def _whiten(features: Any, _labels: None, *, width: int, **_: Any) -> Any:
    import numpy as np

    return np.eye(min(width, features.shape[1]), features.shape[1])


def _lda(features: Any, labels: Any, *, width: int, seed: int, shrinkage: float) -> Any:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    from bench_methods.linear.subsample import whole_classes

    seen = whole_classes(labels, most=len(labels), seed=seed)
    most = min(width, features.shape[1], len(set(labels[seen].tolist())) - 1)
    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=shrinkage)
    return lda.fit(features[seen], labels[seen]).scalings_[:, :most].T


def _nca(features: Any, labels: Any, *, width: int, seed: int) -> Any:
    from sklearn.neighbors import NeighborhoodComponentsAnalysis

    from bench_methods.linear.subsample import whole_classes

    seen = whole_classes(labels, most=SAMPLES, seed=seed)
    nca = NeighborhoodComponentsAnalysis(
        n_components=min(width, features.shape[1]), max_iter=STEPS, random_state=seed
    )
    return nca.fit(features[seen], labels[seen]).components_


pca_whitening = linear_method(
    "pca-whitening",
    _whiten,
    summary="Trunk features of the initial weights, decorrelated and scaled to unit variance.",
    reference="Jégou and Chum, Negative Evidences and Co-occurences in Image Retrieval: The "
    "Benefit of PCA and Whitening, ECCV 2012",
    citation=JEGOU,
    defaults_from="library",
    labels="none",
)

lda = linear_method(
    "lda",
    _lda,
    summary="Fisher's discriminants of whitened trunk features: most variance between classes for "
    "that within.",
    reference="Fisher, The Use of Multiple Measurements in Taxonomic Problems, Annals of Eugenics "
    "1936",
    citation=FISHER,
    defaults_from="library",
    shrinkage=Float(0.0, 1.0, default=0.0),
)

nca = linear_method(
    "nca",
    _nca,
    summary="The linear map of whitened trunk features under which stochastic neighbours are most "
    "often of one class.",
    reference="Goldberger et al., Neighbourhood Components Analysis, NeurIPS 2004",
    citation=GOLDBERGER,
    defaults_from="library",
)
