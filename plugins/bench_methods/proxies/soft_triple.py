"""SoftTriple: a softmax over several learned centres a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context

CENTERS_PER_CLASS = 10  # the library's and the authors' usual value; the reality check names none


def _build(la: float, gamma: float, reg_weight: float, margin: float, context: Context) -> Any:
    from pytorch_metric_learning.losses import SoftTripleLoss

    from bench_methods.proxies.center_spread import CenterSpread

    return SoftTripleLoss(
        num_classes=context.classes,
        embedding_size=context.embedding_size,
        centers_per_class=CENTERS_PER_CLASS,
        la=la,
        gamma=gamma,
        margin=margin,
        weight_regularizer=CenterSpread(context.classes, CENTERS_PER_CLASS),
        weight_reg_weight=reg_weight,
    )


soft_triple = loss_method(
    "soft-triple",
    _build,
    summary="Normalized softmax with ten learned centres a class, softly assigned (gamma is the "
    "temperature of the assignment), and a pull that merges a class's centres.",
    reference="Qian et al., SoftTriple Loss: Deep Metric Learning Without Triplet Sampling, "
    "ICCV 2019",
    family="proxy",
    defaults_from="published search",
    comparison="cosine",
    batch="one-per-class",
    parameters=f"C * {CENTERS_PER_CLASS} * d",
    citation="""@inproceedings{qian2019softtriple,
  author = {Qian, Qi and Shang, Lei and Sun, Baigui and Hu, Juhua and Li, Hao and Jin, Rong},
  title = {{SoftTriple} Loss: Deep Metric Learning Without Triplet Sampling},
  booktitle = {IEEE/CVF International Conference on Computer Vision},
  year = {2019}
}""",
    la=Float(0.01, 200.0, default=75.0, log=True),
    gamma=Float(1e-5, 100.0, default=49.0, log=True),
    reg_weight=Float(0.0, 1.0, default=0.38),
    margin=Float(0.0, 1.0, default=0.39),
    objective_rate=OBJECTIVE_RATE,
)
