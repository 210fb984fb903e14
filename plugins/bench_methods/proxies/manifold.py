"""Manifold similarity: nearness by a random walk over a batch and the class proxies.

The defaults were chosen on validation classes; pytorch-metric-learning's are 0.8, 0.0005 and 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(alpha: float, margin: float, context_weight: float, context: Context) -> Any:
    from bench_methods.proxies.manifold_loss import ManifoldLoss

    return ManifoldLoss(
        context.classes,
        context.embedding_size,
        alpha=alpha,
        margin=margin,
        context_weight=context_weight,
    )


manifold = loss_method(
    "manifold",
    _build,
    summary="Each embedding nearer to its class's learned proxy than to the others by a random "
    "walk over batch and proxies. One proxy a class and one embedding, where the paper has an "
    "ensemble over random groups of classes. Inverts a matrix of batch + classes each step.",
    reference="Aziere and Todorovic, Ensemble Deep Manifold Similarity Learning Using Hard "
    "Proxies, CVPR 2019",
    family="proxy",
    defaults_from="validation here",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation="""@inproceedings{aziere2019ensemble,
  author = {Aziere, Nicolas and Todorovic, Sinisa},
  title = {Ensemble Deep Manifold Similarity Learning Using Hard Proxies},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2019}
}""",
    alpha=Float(0.1, 0.95, default=0.5),
    margin=Float(1e-4, 0.1, default=0.02, log=True),
    context_weight=Float(0.01, 10.0, default=0.1, log=True),
    objective_rate=OBJECTIVE_RATE,
)
