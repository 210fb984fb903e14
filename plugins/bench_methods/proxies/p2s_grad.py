"""P2SGrad: regression of the cosines to class weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(context: Context) -> Any:
    from bench_methods.proxies.p2s_grad_loss import P2SGradLoss

    return P2SGradLoss(context.classes, context.embedding_size)


p2s_grad = loss_method(
    "p2s-grad",
    _build,
    summary="Squared error of the cosines to learned class weights, against 1 for the own class "
    "and 0 for all others: a softmax's gradient without its scale or margin.",
    reference="Zhang et al., P2SGrad: Refined Gradients for Optimizing Deep Face Models, CVPR 2019",
    family="classification",
    defaults_from="paper",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation="""@inproceedings{zhang2019p2sgrad,
  author = {Zhang, Xiao and Zhao, Rui and Yan, Junjie and Gao, Mengya and Qiao, Yu and
    Wang, Xiaogang and Li, Hongsheng},
  title = {{P2SGrad}: Refined Gradients for Optimizing Deep Face Models},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2019}
}""",
    objective_rate=OBJECTIVE_RATE,
)
