"""NT-Xent on two views: SimCLR's loss, without labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(hyperparameters: Mapping[str, Value], context: Context) -> Objective:  # noqa: ARG001
    from bench_methods.unsupervised.ntxent_two_views_loss import TwoViewNTXentLoss
    from bench_methods.unsupervised.two_views import TwoViews

    return TwoViews(TwoViewNTXentLoss(float(hyperparameters["temperature"])))


ntxent_two_views = Method(
    name="ntxent-two-views",
    build=_build,
    summary="SimCLR's loss: cross-entropy of each view's cosine to the other view of its image "
    "among all views of the batch. On the embeddings themselves, without a projection head. No "
    "labels. Two views: twice the images of other methods.",
    reference="Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, "
    "ICML 2020",
    family="unsupervised",
    defaults_from="paper",
    comparison="cosine",
    space={"temperature": Float(0.01, 10.0, default=0.1, log=True)},
    batch="uniform",
    views=2,
    labels="none",
    citation="""@inproceedings{chen2020simple,
  author = {Chen, Ting and Kornblith, Simon and Norouzi, Mohammad and Hinton, Geoffrey},
  title = {A Simple Framework for Contrastive Learning of Visual Representations},
  booktitle = {International Conference on Machine Learning},
  year = {2020}
}""",
)
