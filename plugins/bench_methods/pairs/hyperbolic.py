"""Hyp-ViT's loss: cross-entropy of hyperbolic distances.

The authors clip embeddings to a radius, map them into a Poincaré ball by the exponential map at 0
and compare them by its distance. At one radius that distance grows with the angle: with all
embeddings at the radius where theirs are clipped, neighbours are in the order of cosines.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bench_methods.formula import formula_method
from harness import Choice, Float

if TYPE_CHECKING:
    from torch import Tensor


def hyperbolic_distances(unit: Tensor, *, curvature: float, radius: float) -> Tensor:
    """Distances in the ball of points at `radius` in its tangent space at 0: float (B, B).

    Of directions, float (B, D), of length 1. With x = tanh(sqrt(c) r) u / sqrt(c), y of v and
    Moebius addition, 2 / sqrt(c) artanh(sqrt(c) |-x + y|) is
    2 / sqrt(c) arsinh(sinh(2 sqrt(c) r) |u - v| / 2).
    """
    from bench_methods.pairs.batch_pairs import distances

    root = math.sqrt(curvature)
    return 2 / root * (math.sinh(2 * root * radius) / 2 * distances(unit)).asinh()


def hyperbolic_loss(
    embeddings: Tensor, labels: Tensor, *, temperature: float, curvature: float, radius: float
) -> Tensor:
    """-log e^{-d_ap / T} / (e^{-d_ap / T} + sum_n e^{-d_an / T}), the mean over positive pairs.

    n runs over all samples of other classes than the anchor's.
    """
    import torch

    from bench_methods.pairs.batch_pairs import masked_mean, pair_masks

    unit = torch.nn.functional.normalize(embeddings, dim=1)
    logits = -hyperbolic_distances(unit, curvature=curvature, radius=radius) / temperature
    positive, negative = pair_masks(labels)
    lowest = torch.finfo(logits.dtype).min
    against = logits.masked_fill(~negative, lowest).logsumexp(dim=1, keepdim=True)
    return masked_mean(torch.nn.functional.softplus(against - logits), positive)


hyperbolic = formula_method(
    "hyperbolic",
    hyperbolic_loss,
    summary="Hyp-ViT's loss: cross-entropy of each positive pair's distance in a Poincaré ball "
    "against those to the anchor's negatives. All embeddings are at the radius to which the "
    "authors clip longer ones, where that distance is in the order of the cosine; a positive pair "
    "meets all negatives, in the authors' code those of two samples a class at a time.",
    reference="Ermolov et al., Hyperbolic Vision Transformers: Combining Improvements in Metric "
    "Learning, CVPR 2022",
    family="pair",
    comparison="cosine",
    defaults_from="library",
    citation="""@inproceedings{ermolov2022hyperbolic,
  author = {Ermolov, Aleksandr and Mirvakhabova, Leyla and Khrulkov, Valentin and Sebe, Nicu and
    Oseledets, Ivan},
  title = {Hyperbolic Vision Transformers: Combining Improvements in Metric Learning},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2022}
}""",
    temperature=Float(0.01, 5.0, default=0.2, log=True),
    curvature=Float(0.01, 1.0, default=0.1, log=True),
    radius=Float(0.5, 5.0, default=2.3, log=True),
    samples_per_class=Choice((2, 4), default=2),
)
