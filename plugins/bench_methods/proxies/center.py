"""Center loss: a softmax that pulls each embedding to the running centre of its class.

The paper's weight of the centres is 0.003; the default of 1 was chosen on validation classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(weight: float, rate: float, context: Context) -> Any:
    from bench_methods.proxies.center_loss import CenterLoss

    return CenterLoss(context.classes, context.embedding_size, weight=weight, rate=rate)


center_loss = loss_method(
    "center-loss",
    _build,
    summary="Softmax on a linear layer, and half the squared distance to the centre of the own "
    "class, times a weight. The centres follow the paper's rule at a rate of their own and are "
    "not trained. On unnormalised embeddings.",
    reference="Wen et al., A Discriminative Feature Learning Approach for Deep Face Recognition, "
    "ECCV 2016",
    family="classification",
    defaults_from="validation here",
    comparison="euclidean",
    batch="one-per-class",
    unnormalized=True,
    parameters="C * d + C",
    citation="""@inproceedings{wen2016discriminative,
  author = {Wen, Yandong and Zhang, Kaipeng and Li, Zhifeng and Qiao, Yu},
  title = {A Discriminative Feature Learning Approach for Deep Face Recognition},
  booktitle = {European Conference on Computer Vision},
  year = {2016}
}""",
    weight=Float(1e-3, 10.0, default=1.0, log=True),
    rate=Float(0.01, 1.0, default=0.5, log=True),
    objective_rate=OBJECTIVE_RATE,
)
