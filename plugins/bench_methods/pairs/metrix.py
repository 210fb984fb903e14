"""Metrix: mixing of embeddings, under the multi-similarity loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import formula_method
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor


def metrix_loss(  # noqa: PLR0913 - hyperparameters, each named
    embeddings: Tensor,
    labels: Tensor,
    *,
    alpha: float,
    beta: float,
    base: float,
    mix_weight: float,
    concentration: float,
) -> Tensor:
    """l(s, y) of all pairs + w l(s, y) of mixed ones, the mean over anchors that have both kinds.

    l = log(1 + sum y e^{-alpha (s - base)}) / alpha + log(1 + sum (1 - y) e^{beta (s - base)}) /
    beta, s cosines, y 1 for positives and 0 for negatives. A mixed one of an anchor lies between a
    positive, with the share y drawn from Beta(c, c), and a negative.
    """
    import torch

    from bench_methods.pairs.batch_pairs import masked_mean, pair_masks

    def soft(near: Tensor, far: Tensor) -> Tensor:
        zero = torch.zeros_like(near[..., :1])
        pulled = torch.cat([zero, near], dim=-1).logsumexp(dim=-1) / alpha
        return pulled + torch.cat([zero, far], dim=-1).logsumexp(dim=-1) / beta

    unit = torch.nn.functional.normalize(embeddings, dim=1)
    cosine = unit @ unit.T
    positive, negative = pair_masks(labels)
    both = positive.any(dim=1) & negative.any(dim=1)
    if not bool(both.any()):
        return 0.0 * embeddings.sum()
    lowest = torch.finfo(cosine.dtype).min
    near = (-alpha * (cosine - base)).masked_fill(~positive, lowest)
    clean = soft(near, (beta * (cosine - base)).masked_fill(~negative, lowest))
    draw = torch.distributions.Beta(concentration, concentration)
    mixed = []
    for anchor in both.nonzero().squeeze(1):
        ahead, behind = unit[positive[anchor]][:, None], unit[negative[anchor]]
        share = draw.sample((len(ahead), len(behind))).to(unit).clamp(1e-6, 1 - 1e-6)
        between = share[..., None] * ahead + (1 - share[..., None]) * behind
        similarity = torch.nn.functional.normalize(between, dim=2) @ unit[anchor]
        above, share = (similarity - base).flatten(), share.flatten()
        mixed.append(soft(share.log() - alpha * above, (-share).log1p() + beta * above))
    return masked_mean(clean, both) + mix_weight * torch.stack(mixed).mean()


metrix = formula_method(
    "metrix",
    metrix_loss,
    summary="The multi-similarity loss of all pairs, and at a weight that of each anchor with "
    "points between its positives and its negatives, which are positive by their share. Mixed "
    "embeddings; the paper also mixes inputs and features.",
    reference="Venkataramanan et al., It Takes Two to Tango: Mixup for Deep Metric Learning, "
    "ICLR 2022",
    family="pair",
    comparison="cosine",
    defaults_from="paper",
    citation="""@inproceedings{venkataramanan2022takes,
  author = {Venkataramanan, Shashanka and Psomas, Bill and Kijak, Ewa and Amsaleg, Laurent and
    Karantzalos, Konstantinos and Avrithis, Yannis},
  title = {It Takes Two to Tango: Mixup for Deep Metric Learning},
  booktitle = {International Conference on Learning Representations},
  year = {2022}
}""",
    alpha=Float(0.1, 100.0, default=18.0, log=True),
    beta=Float(0.1, 200.0, default=75.0, log=True),
    base=Float(0.0, 1.0, default=0.77),
    mix_weight=Float(0.01, 10.0, default=0.4, log=True),
    concentration=Float(0.2, 10.0, default=2.0, log=True),
)
