"""The anti-collapse loss: proxies that need many bits to be told, beside Proxy Anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import class_vectors, formula_method
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor


def coding_rate(points: Tensor, precision: float) -> Tensor:
    """Half of log det(I + D / (N e^2) X'X) of points X, float (N, D): nats to tell each of them."""
    import torch

    count, size = points.shape
    identity = torch.eye(size, dtype=points.dtype, device=points.device)
    return torch.logdet(identity + size / (count * precision**2) * points.T @ points) / 2


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
    """Proxy Anchor - w coding rate of the normalised proxies.

    Proxy Anchor: the mean over proxies with positives in the batch of log(1 + sum_p e^{-alpha (s -
    margin)}), plus that over all proxies of log(1 + sum_n e^{alpha (s + margin)}), s cosines.
    """
    from torch.nn.functional import normalize

    from bench_methods.proxies.non_isotropy_loss import proxy_anchor

    proxies = normalize(vectors, dim=1)
    anchored = proxy_anchor(normalize(embeddings, dim=1) @ proxies.T, labels, margin, alpha)
    return anchored - weight * coding_rate(proxies, precision)


anti_collapse = formula_method(
    "anti-collapse",
    anti_collapse_loss,
    own=class_vectors,
    summary="Proxy Anchor, and at a weight the coding rate of its proxies, which falls when they "
    "collapse into few directions.",
    reference="Jiang et al., Anti-Collapse Loss for Deep Metric Learning, IEEE Transactions on "
    "Multimedia 2024",
    family="proxy",
    batch="one-per-class",
    comparison="cosine",
    defaults_from="by hand",
    parameters="C * d",
    citation="""@article{jiang2024anti,
  author = {Jiang, Xiruo and Yao, Yazhou and Dai, Xili and Shen, Fumin and Nie, Liqiang and
    Shen, Heng-Tao},
  title = {Anti-Collapse Loss for Deep Metric Learning},
  journal = {IEEE Transactions on Multimedia},
  year = {2024}
}""",
    margin=Float(0.0, 0.5, default=0.1),
    alpha=Float(1.0, 128.0, default=32.0, log=True),
    weight=Float(1e-3, 1.0, default=0.01, log=True),
    precision=Float(0.05, 2.0, default=0.5, log=True),
    objective_rate=OBJECTIVE_RATE,
)
