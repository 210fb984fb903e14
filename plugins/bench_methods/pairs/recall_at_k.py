"""The recall@k surrogate, with mixing of similarities (SiMix).

Being among the first k of 1, 2, 4, 8 and 16 is counted softly: a positive's rank by sigmoids of
differences of cosines at `rank_temperature`, rank within k by a sigmoid at `temperature`. The
paper's batches have 4,000 images; here they have the protocol's number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import formula_method
from harness import Choice, Float

if TYPE_CHECKING:
    from torch import Tensor

CUTS = (1, 2, 4, 8, 16)


def recall_at_k_loss(
    embeddings: Tensor, labels: Tensor, *, temperature: float, rank_temperature: float, mix: bool
) -> Tensor:
    """1 - mean_k min(k, sum_p sigmoid((k - rank(p)) / T)) / min(k, P), the mean over queries.

    p runs over a query's P positives; rank(p) = 1 + sum_z sigmoid((s_qz - s_qp) / T_r) over all z
    but p and the query, which the authors' code counts too. With `mix`, each pair of one class
    gives a further sample on the line between both, at a random place and not normalised again, so
    that similarities are mixed.
    """
    import torch

    from bench_methods.pairs.batch_pairs import masked_mean, pair_masks

    unit = torch.nn.functional.normalize(embeddings, dim=1)
    if mix:
        first, second = torch.triu(pair_masks(labels)[0]).nonzero(as_tuple=True)
        share = torch.rand(len(first), 1, dtype=unit.dtype).to(unit.device)
        unit = torch.cat([unit, share * unit[first] + (1 - share) * unit[second]])
        labels = torch.cat([labels, labels[first]])
    similarity = unit @ unit.T
    positive, _ = pair_masks(labels)
    query, own = positive.nonzero(as_tuple=True)
    # ahead[i, z]: how far z stands before the i-th positive in its query's ranking.
    ahead = similarity[query] - similarity[query, own][:, None]
    every = torch.arange(len(labels), device=labels.device)
    counted = (every != query[:, None]) & (every != own[:, None])
    ranks = 1 + torch.sigmoid(ahead / rank_temperature).where(counted, 0.0).sum(dim=1)
    count = positive.sum(dim=1)
    losses = 1.0 - torch.zeros_like(similarity[0])
    for cut in CUTS:
        within = torch.sigmoid((cut - ranks) / temperature)
        found = torch.zeros_like(losses).index_add(0, query, within).clamp_max(cut)
        losses = losses - found / count.clamp(1, cut) / len(CUTS)
    return masked_mean(losses, count > 0)


recall_at_k = formula_method(
    "recall-at-k",
    recall_at_k_loss,
    summary="One minus a smooth recall at 1, 2, 4, 8 and 16 neighbours; with mix, samples between "
    "each two of a class take part. The paper's batches are of 4,000 images. A query does not "
    "stand in its own ranking, as where recall is tested and unlike the authors' code.",
    reference="Patel et al., Recall@k Surrogate Loss with Large Batches and Similarity Mixup, "
    "CVPR 2022",
    family="ranking",
    comparison="cosine",
    defaults_from="paper",
    citation="""@inproceedings{patel2022recall,
  author = {Patel, Yash and Tolias, Giorgos and Matas, Ji{\\v{r}}{\\'i}},
  title = {Recall@k Surrogate Loss with Large Batches and Similarity Mixup},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2022}
}""",
    temperature=Float(0.1, 10.0, default=1.0, log=True),
    rank_temperature=Float(0.001, 1.0, default=0.01, log=True),
    mix=Choice((True, False), default=True),
)
