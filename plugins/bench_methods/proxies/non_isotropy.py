"""Non-isotropy regularisation (NIR): around its proxy a class is not a ball.

A proxy loss alone sees the distance to the proxy and nothing else of where a sample lies. The
regulariser asks that a normalizing flow, told the proxy, maps the class to a normal distribution:
then each sample's place around the proxy can be told. The flow here has four couplings whose
networks have one layer of 64 units; the authors' code has five double ones, with eight layers of
128, after random permutations. The loss of proxies is Proxy Anchor at its defaults. The code takes
the exponential of the negative log-likelihood, not divided by the dimensions, and gives Proxy
Anchor a weight of .0075; that exponential, of a flow's squares, can overflow, so here is its
exponent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(weight: float, noise: float, context: Context) -> Any:
    from bench_methods.proxies.non_isotropy_loss import NonIsotropyLoss

    return NonIsotropyLoss(context.classes, context.embedding_size, weight=weight, noise=noise)


non_isotropy = loss_method(
    "non-isotropy",
    _build,
    summary="Proxy Anchor, and at a weight the negative log-likelihood of each embedding under a "
    "normalizing flow that is told its proxy, so that a class keeps a shape of its own around it. "
    "The authors' code takes the exponential of that, which can overflow, and its flow is deeper.",
    reference="Roth et al., Non-isotropy Regularization for Proxy-based Deep Metric Learning, CVPR "
    "2022",
    family="proxy",
    batch="one-per-class",
    comparison="cosine",
    defaults_from="by hand",
    parameters="C * d + 4 * ((d // 2 + d + 1) * 64 + 65 * 2 * (d - d // 2))",
    citation="""@inproceedings{roth2022non,
  author = {Roth, Karsten and Vinyals, Oriol and Akata, Zeynep},
  title = {Non-isotropy Regularization for Proxy-based Deep Metric Learning},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2022}
}""",
    weight=Float(1e-4, 1.0, default=0.01, log=True),
    noise=Float(0.0, 0.1, default=0.02),
    objective_rate=OBJECTIVE_RATE,
)
