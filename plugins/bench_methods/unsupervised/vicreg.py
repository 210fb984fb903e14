"""VICReg: variance, invariance and covariance of two views.

The paper's weight of the covariance is 1, of 8192 coordinates; the default of 300, of the few of an
embedding, was chosen on validation classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(hyperparameters: Mapping[str, Value], context: Context) -> Objective:  # noqa: ARG001
    from bench_methods.unsupervised.two_views import TwoViews
    from bench_methods.unsupervised.vicreg_loss import VICRegLoss

    weights = {name: float(value) for name, value in hyperparameters.items()}
    return TwoViews(VICRegLoss(**weights), unnormalized=True)


vicreg = Method(
    name="vicreg",
    build=_build,
    summary="Two views of an image close, each coordinate spread over the batch, coordinates "
    "uncorrelated; no image is compared with another. On unnormalised embeddings: without the "
    "paper's expander of 8192 coordinates, and so with a larger weight of the covariance. No "
    "labels. Two views: twice the images of other methods.",
    reference="Bardes et al., VICReg: Variance-Invariance-Covariance Regularization for "
    "Self-Supervised Learning, ICLR 2022",
    family="unsupervised",
    defaults_from="validation here",
    space={
        "invariance": Float(0.1, 100.0, default=25.0, log=True),
        "variance": Float(0.1, 100.0, default=25.0, log=True),
        "covariance": Float(0.01, 1000.0, default=300.0, log=True),
    },
    batch="uniform",
    views=2,
    labels="none",
    citation="""@inproceedings{bardes2022vicreg,
  author = {Bardes, Adrien and Ponce, Jean and LeCun, Yann},
  title = {{VICReg}: Variance-Invariance-Covariance Regularization for Self-Supervised Learning},
  booktitle = {International Conference on Learning Representations},
  year = {2022}
}""",
)
