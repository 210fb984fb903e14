"""Classification losses: softmax over cosines to learned class weights, with or without margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _normalized_softmax(temperature: float, context: Context) -> Any:
    from pytorch_metric_learning.losses import NormalizedSoftmaxLoss

    return NormalizedSoftmaxLoss(
        num_classes=context.classes,
        embedding_size=context.embedding_size,
        temperature=temperature,
    )


def _cosface(margin: float, scale: float, context: Context) -> Any:
    from pytorch_metric_learning.losses import CosFaceLoss

    return CosFaceLoss(
        num_classes=context.classes,
        embedding_size=context.embedding_size,
        margin=margin,
        scale=scale,
    )


def _arcface(margin: float, scale: float, context: Context) -> Any:
    from pytorch_metric_learning.losses import ArcFaceLoss

    return ArcFaceLoss(
        num_classes=context.classes,
        embedding_size=context.embedding_size,
        margin=margin,
        scale=scale,
    )


normalized_softmax = loss_method(
    "normalized-softmax",
    _normalized_softmax,
    summary="Cross-entropy over cosines to learned class weights, at a temperature.",
    reference="Zhai and Wu, Classification is a Strong Baseline for Deep Metric Learning, "
    "BMVC 2019; Wang et al., NormFace, MM 2017",
    family="classification",
    batch="one-per-class",
    temperature=Float(1e-2, 1e2, default=0.079, log=True),
)

cosface = loss_method(
    "cosface",
    _cosface,
    summary="Normalized softmax whose own-class cosine is lowered by a margin.",
    reference="Wang et al., CosFace: Large Margin Cosine Loss for Deep Face Recognition, CVPR 2018",
    family="classification",
    batch="one-per-class",
    margin=Float(0.0, 1.0, default=0.42),
    scale=Float(0.01, 200.0, default=100.0),
)

arcface = loss_method(
    "arcface",
    _arcface,
    summary="Normalized softmax whose own-class angle is widened by a margin, in degrees.",
    reference="Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, "
    "CVPR 2019",
    family="classification",
    batch="one-per-class",
    margin=Float(0.0, 90.0, default=22.0),
    scale=Float(0.01, 300.0, default=89.0),
)
