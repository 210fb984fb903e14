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
        pulled = torch.nn.functional.softplus(near.logsumexp(dim=1)) / alpha
        return pulled + torch.nn.functional.softplus(far.logsumexp(dim=1)) / beta

    unit = torch.nn.functional.normalize(embeddings, dim=1)
    cosine = unit @ unit.T
    positive, negative = pair_masks(labels)
    both = positive.any(dim=1) & negative.any(dim=1)
    lowest = torch.finfo(cosine.dtype).min
    near = (-alpha * (cosine - base)).masked_fill(~positive, lowest)
    clean = soft(near, (beta * (cosine - base)).masked_fill(~negative, lowest))

    anchor, ahead, behind = (positive[:, :, None] & negative[:, None, :]).nonzero(as_tuple=True)
    draw = torch.distributions.Beta(concentration, concentration)
    share = draw.sample(anchor.shape).to(unit).clamp(1e-6, 1 - 1e-6)
    # The cosine to a point between two unit vectors, by the cosines to both.
    between = share * cosine[anchor, ahead] + (1 - share) * cosine[anchor, behind]
    length = share**2 + (1 - share) ** 2 + 2 * share * (1 - share) * cosine[ahead, behind]
    above = between / length.clamp_min(1e-12).sqrt() - base
    place = (anchor, ahead * len(labels) + behind)
    every = cosine.new_full((len(labels), len(labels) ** 2), lowest)
    mixed = soft(
        every.index_put(place, share.log() - alpha * above),
        every.index_put(place, (-share).log1p() + beta * above),
    )
    return masked_mean(clean, both) + mix_weight * masked_mean(mixed, both)


metrix = formula_method(
    "metrix",
    metrix_loss,
    summary="The multi-similarity loss of all pairs, and at a weight that of each anchor with "
    "points between its positives and its negatives, which are positive by their share. Mixed "
    "embeddings; the paper also mixes inputs and features. The authors' code has the contrastive "
    "loss alone, at the same weight; it draws one share a batch and mixes each anchor's first "
    "positive with its negatives.",
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
