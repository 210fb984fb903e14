"""Multi-level distance regularisation (MDR), beside the triplet loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench_methods.formula import formula_method
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Context

MOMENTUM = 0.9
LEVELS_WEIGHT = 0.01  # of the sum of their squares


def _levels(_: Context, __: Mapping[str, Any]) -> Mapping[str, Tensor]:
    import torch

    return {"levels": torch.tensor([-3.0, 0.0, 3.0])}


def distance_levels_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    margin: float,
    weight: float,
    levels: Tensor,
    memory: dict[str, Tensor],
) -> Tensor:
    """triplet + w mean |d' - nearest level| + 0.01 sum level^2, d' distances, standardised.

    Mean and deviation are moving averages over batches, at a momentum of 0.9, without gradient, as
    in the authors' code of all B^2 distances, those of samples to themselves too; the levels are
    learned. The triplet loss is the mean over the violated of all triplets.
    """
    import torch

    from bench_methods.pairs.batch_pairs import distances, masked_mean, pair_masks

    distance = distances(embeddings)
    positive, negative = pair_masks(labels)
    hinges = (distance[:, :, None] - distance[:, None, :] + margin).clamp_min(0.0)
    triplets = positive[:, :, None] & negative[:, None, :]
    triplet = masked_mean(hinges, triplets & (hinges > 0))
    apart = distance[positive | negative]
    if len(apart) < 2:
        return triplet
    every = distance.detach()
    now = torch.stack([every.mean(), every.std()])
    memory["moments"] = now if "moments" not in memory else now.lerp(memory["moments"], MOMENTUM)
    mean, deviation = memory["moments"]
    standard = (apart - mean) / deviation.clamp_min(torch.finfo(apart.dtype).eps)
    level: Tensor = (standard[:, None] - levels).abs().amin(dim=1).mean()
    return triplet + weight * level + LEVELS_WEIGHT * levels.square().sum()


distance_levels = formula_method(
    "distance-levels",
    distance_levels_loss,
    own=_levels,
    summary="MDR: the triplet loss, and the batch's distances, standardised by their moving mean "
    "and deviation, drawn to the nearest of three learned levels. The authors' embeddings are not "
    "normalised, and they draw one negative a positive pair by its distance; here embeddings are "
    "as the protocol has them, and all violated triplets count.",
    reference="Kim and Park, Multi-level Distance Regularization for Deep Metric Learning, AAAI "
    "2021",
    family="triplet",
    comparison="euclidean",
    defaults_from="library",
    parameters="3",
    citation="""@inproceedings{kim2021multi,
  author = {Kim, Yonghyun and Park, Wonpyo},
  title = {Multi-level Distance Regularization for Deep Metric Learning},
  booktitle = {AAAI Conference on Artificial Intelligence},
  year = {2021}
}""",
    margin=Float(0.0, 2.0, default=0.2),
    weight=Float(0.01, 10.0, default=0.6, log=True),
    objective_rate=OBJECTIVE_RATE,
)
