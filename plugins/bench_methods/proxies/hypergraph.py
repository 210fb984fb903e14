"""HIST: class distributions, and a hypergraph over a batch by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, Int, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(width: int, context: Context, **given: float) -> Any:
    from bench_methods.proxies.hypergraph_loss import HypergraphLoss

    return HypergraphLoss(context.classes, context.embedding_size, width, **given)


hypergraph = loss_method(
    "hypergraph",
    _build,
    summary="HIST: softmax over the Mahalanobis distances to a learned mean and diagonal variance "
    "of each class; and a classifier of two layers, each of which averages over a hypergraph in "
    "which the classes of the batch join samples by their nearness. 512 wide in the paper, on "
    "embeddings after a layer norm; here on normalised ones.",
    reference="Lim et al., Hypergraph-Induced Semantic Tuplet Loss for Deep Metric Learning, CVPR "
    "2022",
    family="proxy",
    comparison="cosine",
    defaults_from="library",
    parameters="2 * C * d + (d + 1) * width + 2 * width + (width + 1) * C",
    citation="""@inproceedings{lim2022hypergraph,
  author = {Lim, Jongin and Yun, Sangdoo and Park, Seulki and Choi, Jin Young},
  title = {Hypergraph-Induced Semantic Tuplet Loss for Deep Metric Learning},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2022}
}""",
    width=Int(16, 512, default=128, log=True),
    scale=Float(1.0, 128.0, default=32.0, log=True),
    nearness=Float(0.1, 10.0, default=0.9, log=True),
    graph_weight=Float(0.01, 10.0, default=1.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)
