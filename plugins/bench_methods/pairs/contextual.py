"""Contextual similarity: two samples are alike if their neighbourhoods are.

The neighbourhoods are of the protocol's samples per class. A step "is z among the neighbours of x"
has no gradient; as in the authors' code, it is given a slope of 10 in the similarity. Weights and
margins are those of their code's defaults, of which there are two: a mean cosine of .25 or .3, and
.5 or .6 of the contrastive loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import formula_method
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor

SLOPE = 10.0


def contextual_similarity(cosine: Tensor, *, size: int, slack: float) -> Tensor:
    """How alike the `size` nearest neighbours of each two rows are: float (B, B), symmetric.

    Half of each neighbourhood that both share and half of what both leave out, for neighbours
    alone; averaged over the mutual ones among the nearer half; then over both directions.
    """

    def within(count: int) -> Tensor:
        closeness = -(2 - 2 * cosine).clamp_min(0.0)
        bound = closeness.detach().topk(count, dim=1).values[:, -1:]
        hard = (closeness.detach() + slack >= bound).to(cosine.dtype)
        return hard + SLOPE * (closeness - closeness.detach())

    near = within(size)
    shared = near @ near.T / near.sum(dim=1, keepdim=True).detach()
    far = 1 - near
    left = far @ far.T / far.sum(dim=1, keepdim=True).detach().clamp_min(1.0)
    alike = (shared + left) / 2 * near
    closest = within(max(size // 2, 1))
    mutual = closest * closest.T
    expanded = mutual @ alike / mutual.sum(dim=1, keepdim=True)
    return (expanded + expanded.T) / 2


def contextual_loss(  # noqa: PLR0913 - hyperparameters, each named
    embeddings: Tensor,
    labels: Tensor,
    *,
    weight: float,
    slack: float,
    pos_margin: float,
    neg_margin: float,
    mean_cosine: float,
    regularizer_weight: float,
) -> Tensor:
    """w context + (1 - w) contrastive + r (mean s - m)^2, s cosines.

    context: the mean over all pairs of (1 - c)^2 of positives and c^2 of negatives, c their
    contextual similarity. contrastive: [pos_margin - s]+ and [s - neg_margin]+, each the mean over
    those that violate.
    """
    import torch

    from bench_methods.pairs.batch_pairs import masked_mean, pair_masks

    unit = torch.nn.functional.normalize(embeddings, dim=1)
    cosine = unit @ unit.T
    positive, negative = pair_masks(labels)
    size = max(int(positive.sum(dim=1).max()) + 1, 2)
    alike = contextual_similarity(cosine, size=size, slack=slack)
    squares = ((1 - alike) ** 2).where(positive, 0.0) + (alike**2).where(negative, 0.0)
    low, high = pos_margin - cosine, cosine - neg_margin
    apart = masked_mean(low, positive & (low > 0)) + masked_mean(high, negative & (high > 0))
    spread = (cosine.mean() - mean_cosine) ** 2
    return weight * squares.mean() + (1 - weight) * apart + regularizer_weight * spread


contextual = formula_method(
    "contextual",
    contextual_loss,
    summary="Pairs of one class share their neighbourhoods in the batch, pairs of two do not, by "
    "an overlap of nearest neighbours with a gradient of its own; beside it the contrastive loss "
    "on cosines, and their mean held at a value.",
    reference="Liao et al., Supervised Metric Learning to Rank for Retrieval via Contextual "
    "Similarity Optimization, ICML 2023",
    family="ranking",
    comparison="cosine",
    defaults_from="by hand",
    citation="""@inproceedings{liao2023supervised,
  author = {Liao, Christopher and Tsiligkaridis, Theodoros and Kulis, Brian},
  title = {Supervised Metric Learning to Rank for Retrieval via Contextual Similarity
    Optimization},
  booktitle = {International Conference on Machine Learning},
  year = {2023}
}""",
    weight=Float(0.0, 1.0, default=0.4),
    slack=Float(0.0, 0.5, default=0.05),
    pos_margin=Float(0.0, 1.0, default=0.75),
    neg_margin=Float(0.0, 1.0, default=0.6),
    mean_cosine=Float(0.0, 1.0, default=0.3),
    regularizer_weight=Float(0.01, 10.0, default=0.1, log=True),
)
