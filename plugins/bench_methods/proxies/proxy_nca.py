"""ProxyNCA: neighbourhood components analysis against one learned proxy a class, in two forms.

The default scale of the original form was chosen on validation classes, among 1, 3 and 10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.proxies.library import class_weights
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _original(softmax_scale: float, context: Context) -> Any:
    from bench_methods.proxies.proxy_nca_loss import OriginalProxyNCALoss

    return OriginalProxyNCALoss(context.classes, context.embedding_size, scale=softmax_scale)


_REFERENCE = "Movshovitz-Attias et al., No Fuss Distance Metric Learning using Proxies, ICCV 2017"
_CITATION = """@inproceedings{movshovitz2017no,
  author = {Movshovitz-Attias, Yair and Toshev, Alexander and Leung, Thomas K. and
    Ioffe, Sergey and Singh, Saurabh},
  title = {No Fuss Distance Metric Learning Using Proxies},
  booktitle = {IEEE International Conference on Computer Vision},
  year = {2017}
}"""

proxy_nca = class_weights(
    "proxy-nca",
    "ProxyNCALoss",
    summary="Cross-entropy over scaled squared distances to one learned proxy a class; the own "
    "proxy counts in the denominator, as in the reality check, unlike the original.",
    reference=_REFERENCE,
    family="proxy",
    defaults_from="published search",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation=_CITATION,
    softmax_scale=Float(0.01, 100.0, default=10.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)

proxy_nca_original = loss_method(
    "proxy-nca-original",
    _original,
    summary="ProxyNCA as published: the own proxy does not count in the denominator, so the loss "
    "has no lower bound. The paper's scale is 1; the range is that of proxy-nca.",
    reference=_REFERENCE,
    family="proxy",
    defaults_from="validation here",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation=_CITATION,
    softmax_scale=Float(0.01, 100.0, default=3.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)
