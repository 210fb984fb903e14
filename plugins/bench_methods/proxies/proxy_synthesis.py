"""Proxy synthesis: synthetic classes between each two classes of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import class_vectors, formula_method
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor


def proxy_synthesis_loss(
    embeddings: Tensor, labels: Tensor, *, scale: float, concentration: float, vectors: Tensor
) -> Tensor:
    """Normalized softmax over classes and synthetic ones, of embeddings and synthetic ones.

    Each row of the batch and the one before it, of another class, give a class of their own: the
    embedding and the proxy that lie between theirs, both at one share for the batch, drawn from
    Beta(c, c). Rows of one class give none.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    unit, proxies = normalize(embeddings, dim=1), normalize(vectors, dim=1)
    share = torch.distributions.Beta(concentration, concentration).sample().to(unit)
    own = proxies[labels]
    two = labels != labels.roll(1)
    between = share * unit + (1 - share) * unit.roll(1, dims=0)
    proxies_between = share * own + (1 - share) * own.roll(1, dims=0)
    synthetic = len(vectors) + torch.arange(int(two.sum()), device=labels.device)
    rows = torch.cat([unit, normalize(between[two], dim=1)])
    classes = torch.cat([proxies, normalize(proxies_between[two], dim=1)])
    return cross_entropy(scale * rows @ classes.T, torch.cat([labels, synthetic]))


proxy_synthesis = formula_method(
    "proxy-synthesis",
    proxy_synthesis_loss,
    own=class_vectors,
    summary="Normalized softmax to which each two classes of a batch that follow each other add a "
    "class between them: its embedding and its proxy are mixed at one share. The authors sort a "
    "batch so that no two of one class follow each other; here such two give none.",
    reference="Gu et al., Proxy Synthesis: Learning with Synthetic Classes for Deep Metric "
    "Learning, AAAI 2021",
    family="proxy",
    batch="one-per-class",
    comparison="cosine",
    defaults_from="paper",
    parameters="C * d",
    citation="""@inproceedings{gu2021proxy,
  author = {Gu, Geonmo and Ko, Byungsoo and Kim, Han-Gyu},
  title = {Proxy Synthesis: Learning with Synthetic Classes for Deep Metric Learning},
  booktitle = {AAAI Conference on Artificial Intelligence},
  year = {2021}
}""",
    scale=Float(1.0, 200.0, default=23.0, log=True),
    concentration=Float(0.05, 5.0, default=0.4, log=True),
    objective_rate=OBJECTIVE_RATE,
)
