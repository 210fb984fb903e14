"""ProxyGML: a subgraph of the nearest proxies, by which labels are propagated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import formula_method, several_class_vectors
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, Int

if TYPE_CHECKING:
    from torch import Tensor


def proxy_graph_loss(  # noqa: PLR0913 - hyperparameters, each named
    embeddings: Tensor,
    labels: Tensor,
    *,
    per_class: int,
    share: float,
    scale: float,
    regularizer_weight: float,
    vectors: Tensor,
) -> Tensor:
    """-log softmax_y of sums of cosines + w times the same of proxies, over all of them.

    A class's logit sums the cosines to those of its proxies that are chosen: all of the own class
    and of the others the nearest, together the given share of all. Classes without a chosen proxy
    do not count. At least as many are chosen again as a class has, where the share is less.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    proxies = normalize(vectors, dim=1)
    classes = torch.arange(len(vectors) // per_class, device=labels.device)
    owners = classes.repeat_interleave(per_class)
    cosines = normalize(embeddings, dim=1) @ proxies.T
    own = labels[:, None] == owners
    count = min(max(-int(-share * len(vectors) // 1), 2 * per_class), len(vectors))
    chosen = torch.zeros_like(own)
    raised = cosines.detach() + 4.0 * own
    chosen.scatter_(1, raised.topk(count, dim=1).indices, True)
    member = (owners[:, None] == classes).to(cosines.dtype)
    logits = scale * cosines.where(chosen, 0.0) @ member
    absent = chosen.to(cosines.dtype) @ member == 0
    lowest = torch.finfo(logits.dtype).min
    told = cross_entropy(logits.masked_fill(absent, lowest), labels)
    return told + regularizer_weight * cross_entropy(proxies @ (proxies.T @ member), owners)


proxy_graph = formula_method(
    "proxy-graph",
    proxy_graph_loss,
    own=several_class_vectors,
    summary="ProxyGML: several learned proxies a class; softmax over classes of the sums of "
    "cosines to the proxies nearest to an embedding, all of its own class among them; and the "
    "same of each proxy among all. Where the share is small, as many of other classes' as a class "
    "has are chosen all the same, unlike the authors' code.",
    reference="Zhu et al., Fewer is More: A Deep Graph Metric Learning Perspective Using Fewer "
    "Proxies, NeurIPS 2020",
    family="proxy",
    batch="one-per-class",
    comparison="cosine",
    defaults_from="library",
    parameters="C * per_class * d",
    citation="""@inproceedings{zhu2020fewer,
  author = {Zhu, Yuehua and Yang, Muli and Deng, Cheng and Liu, Wei},
  title = {Fewer is More: A Deep Graph Metric Learning Perspective Using Fewer Proxies},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2020}
}""",
    per_class=Int(1, 12, default=12, log=True),
    share=Float(0.01, 1.0, default=0.05, log=True),
    scale=Float(0.1, 100.0, default=1.0, log=True),
    regularizer_weight=Float(0.01, 10.0, default=0.3, log=True),
    objective_rate=OBJECTIVE_RATE,
)
