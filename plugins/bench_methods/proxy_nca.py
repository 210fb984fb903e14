"""ProxyNCA: neighbourhood components analysis against one learned proxy a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(softmax_scale: float, context: Context) -> Any:
    from pytorch_metric_learning.losses import ProxyNCALoss

    return ProxyNCALoss(
        num_classes=context.classes,
        embedding_size=context.embedding_size,
        softmax_scale=softmax_scale,
    )


proxy_nca = loss_method(
    "proxy-nca",
    _build,
    summary="Cross-entropy over scaled squared distances to one learned proxy a class; the own "
    "proxy counts in the denominator, as in the reality check, unlike the original.",
    reference="Movshovitz-Attias et al., No Fuss Distance Metric Learning using Proxies, ICCV 2017",
    family="proxy",
    batch="one-per-class",
    softmax_scale=Float(0.01, 100.0, default=10.0),
)
