"""ISIF: invariant and spreading instance features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(hyperparameters: Mapping[str, Value], context: Context) -> Objective:  # noqa: ARG001
    from bench_methods.unsupervised.isif_loss import ISIFLoss
    from bench_methods.unsupervised.two_views import TwoViews

    return TwoViews(ISIFLoss(float(hyperparameters["temperature"])))


isif = Method(
    name="isif",
    build=_build,
    summary="Each image is classified as its other view among all views of the batch, and as no "
    "other image. No labels. Two views: twice the images of other methods.",
    reference="Ye et al., Unsupervised Embedding Learning via Invariant and Spreading Instance "
    "Feature, CVPR 2019",
    family="unsupervised",
    defaults_from="paper",
    comparison="cosine",
    space={"temperature": Float(0.01, 10.0, default=0.1, log=True)},
    batch="uniform",
    views=2,
    labels="none",
    citation="""@inproceedings{ye2019unsupervised,
  author = {Ye, Mang and Zhang, Xu and Yuen, Pong C. and Chang, Shih-Fu},
  title = {Unsupervised Embedding Learning via Invariant and Spreading Instance Feature},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2019}
}""",
)
