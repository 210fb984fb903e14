"""ROADMAP: an upper bound of average precision's loss, and a calibration of similarities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import formula_method
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor


def bounded_step(difference: Tensor, *, temperature: float, slope: float, start: float) -> Tensor:
    """H-: a step function's upper bound that does not saturate where a negative is ahead.

    sigmoid(t / T) for t <= 0, a half more up to `start`, a line of the given slope beyond.
    """
    import torch

    soft = torch.sigmoid(difference / temperature)
    at_start = torch.sigmoid(torch.full_like(difference, start) / temperature)
    line = slope * (difference - start) + at_start + 0.5
    ahead = (soft + 0.5).where(difference <= start, line)
    return soft.where(difference <= 0, ahead)


def roadmap_loss(  # noqa: PLR0913 - hyperparameters, each named
    embeddings: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    slope: float,
    start: float,
    pos_margin: float,
    neg_margin: float,
    calibration: float,
) -> Tensor:
    """(1 - l) (1 - mean AP) + l ([pos_margin - s]+ over positives + [s - neg_margin]+ over others).

    In AP a positive's rank counts the positives before it by a step, without gradient, and the
    negatives by `bounded_step`. The means of the second part are over pairs that violate it.
    """
    import torch

    from bench_methods.pairs.batch_pairs import masked_mean, pair_masks

    unit = torch.nn.functional.normalize(embeddings, dim=1)
    cosine = unit @ unit.T
    positive, negative = pair_masks(labels)
    ahead = cosine[:, None, :] - cosine[:, :, None]  # [q, p, z]: z before p
    before = (ahead.detach() > 0).to(cosine.dtype).where(positive[:, None, :], 0.0)
    own = 1 + before.sum(dim=2)
    others = bounded_step(ahead, temperature=temperature, slope=slope, start=start)
    others = others.where(negative[:, None, :], 0.0).sum(dim=2)
    count = positive.sum(dim=1)
    precision = (own / (own + others)).where(positive, 0.0).sum(dim=1) / count.clamp_min(1)
    ranking = masked_mean(1 - precision, count > 0)
    low, high = pos_margin - cosine, cosine - neg_margin
    apart = masked_mean(low, positive & (low > 0)) + masked_mean(high, negative & (high > 0))
    return (1 - calibration) * ranking + calibration * apart


roadmap = formula_method(
    "roadmap",
    roadmap_loss,
    summary="One minus an average precision whose negatives are counted by an upper bound that "
    "does not saturate, and hinges on cosines that make batches comparable. A query does not stand "
    "in its own ranking, as in the paper and unlike the authors' code, whose bound also falls by "
    "0.05 where its line begins.",
    reference="Ramzi et al., Robust and Decomposable Average Precision for Image Retrieval, "
    "NeurIPS 2021",
    family="ranking",
    comparison="cosine",
    defaults_from="paper",
    citation="""@inproceedings{ramzi2021robust,
  author = {Ramzi, Elias and Thome, Nicolas and Rambour, Cl{\\'e}ment and Audebert, Nicolas and
    Bitot, Xavier},
  title = {Robust and Decomposable Average Precision for Image Retrieval},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2021}
}""",
    temperature=Float(0.001, 1.0, default=0.01, log=True),
    slope=Float(1.0, 1000.0, default=100.0, log=True),
    start=Float(0.0, 0.5, default=0.05),
    pos_margin=Float(0.0, 1.0, default=0.9),
    neg_margin=Float(0.0, 1.0, default=0.6),
    calibration=Float(0.0, 1.0, default=0.5),
)
