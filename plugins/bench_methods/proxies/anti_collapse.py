"""The anti-collapse loss: proxies that need many bits to be told, beside Proxy Anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import class_vectors, formula_method
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor


def coding_rate(points: Tensor, precision: float) -> Tensor:
    """Half of log det(I + N / (D e) XX') of points X, float (N, D): how many directions they take.

    The factor is that of the authors' code for proxies; a coding rate has D / (N e^2).
    """
    import torch

    count, size = points.shape
    identity = torch.eye(count, dtype=points.dtype, device=points.device)
    return torch.logdet(identity + count / (size * precision) * points @ points.T) / 2


def anti_collapse_loss(  # noqa: PLR0913 - hyperparameters, each named
    embeddings: Tensor,
    labels: Tensor,
    *,
    margin: float,
    alpha: float,
    weight: float,
    precision: float,
    vectors: Tensor,
) -> Tensor:
    """Proxy Anchor + w e^{-coding rate} of the normalised proxies of the batch's classes.

    Proxy Anchor: the mean over proxies with positives in the batch of log(1 + sum_p e^{-alpha (s -
    margin)}), plus that over all proxies of log(1 + sum_n e^{alpha (s + margin)}), s cosines.
    """
    import torch
    from torch.nn.functional import normalize

    from bench_methods.proxies.non_isotropy_loss import proxy_anchor

    proxies = normalize(vectors, dim=1)
    anchored = proxy_anchor(normalize(embeddings, dim=1) @ proxies.T, labels, margin, alpha)
    return anchored + weight * (-coding_rate(proxies[torch.unique(labels)], precision)).exp()


anti_collapse = formula_method(
    "anti-collapse",
    anti_collapse_loss,
    own=class_vectors,
    summary="Proxy Anchor, and at a weight e to the minus coding rate of the proxies of a batch's "
    "classes, which grows when they collapse into few directions. As in the authors' code, which "
    "has a term for all proxies and one for embeddings too.",
    reference="Jiang et al., Anti-Collapse Loss for Deep Metric Learning, IEEE Transactions on "
    "Multimedia 2024",
    family="proxy",
    batch="one-per-class",
    comparison="cosine",
    defaults_from="library",
    parameters="C * d",
    citation="""@article{jiang2024anti,
  author = {Jiang, Xiruo and Yao, Yazhou and Dai, Xili and Shen, Fumin and Nie, Liqiang and
    Shen, Heng-Tao},
  title = {Anti-Collapse Loss for Deep Metric Learning},
  journal = {IEEE Transactions on Multimedia},
  year = {2024}
}""",
    margin=Float(0.0, 0.5, default=0.1),
    alpha=Float(1.0, 128.0, default=64.0, log=True),
    weight=Float(1.0, 10000.0, default=286.0, log=True),
    precision=Float(0.05, 2.0, default=0.5, log=True),
    objective_rate=OBJECTIVE_RATE,
)
