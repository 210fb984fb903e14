"""Potential fields (PFML): attraction that fades with distance, repulsion that ends at a radius.

The paper has 15 proxies a class where classes have many images and 2 where they have few, as here.
Its radius is from .1 to .3 and its decay best from 3 to 6. No code of the authors' was found; two
independent public ones have the same potentials and the same sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import formula_method, several_class_vectors
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, Int

if TYPE_CHECKING:
    from torch import Tensor

NEAREST = 0.01  # below it the field of a repelling point is constant: a float would overflow


def potential_field_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    per_class: int,
    radius: float,
    decay: float,
    vectors: Tensor,
) -> Tensor:
    """The energy of batch and proxies in each other's fields, per point.

    A point of one's class has the potential -1 / max(d, radius)^decay, one of another class
    1 / min(d, radius)^decay; d is the distance of normalised points. The sum over ordered pairs.
    """
    import torch
    from torch.nn.functional import normalize

    points = normalize(torch.cat([embeddings, vectors]), dim=1)
    classes = torch.arange(len(vectors) // per_class, device=labels.device)
    told = torch.cat([labels, classes.repeat_interleave(per_class)])
    squared = (2 - 2 * points @ points.T).clamp_min(NEAREST**2)
    same = told[:, None] == told
    # By squares: the root's slope is infinite where points coincide.
    limited = squared.clamp_min(radius**2).where(same, squared.clamp_max(radius**2))
    sign = 1 - 2 * same.to(points.dtype)
    sign.fill_diagonal_(0.0)
    return (sign * limited ** (-decay / 2)).sum() / len(told)


potential_field = formula_method(
    "potential-field",
    potential_field_loss,
    own=several_class_vectors,
    summary="PFML: all embeddings of a batch and learned proxies, two a class, in a field in which "
    "each attracts its class, the less the farther, and repels the others within a radius. By the "
    "paper alone: no code of the authors' was found.",
    reference="Bhatnagar and Ahuja, Potential Field Based Deep Metric Learning, CVPR 2025",
    family="proxy",
    comparison="cosine",
    defaults_from="paper",
    parameters="C * per_class * d",
    citation="""@inproceedings{bhatnagar2025potential,
  author = {Bhatnagar, Shubhang and Ahuja, Narendra},
  title = {Potential Field Based Deep Metric Learning},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2025}
}""",
    per_class=Int(1, 15, default=2, log=True),
    radius=Float(0.05, 1.5, default=0.2, log=True),
    decay=Float(0.5, 6.0, default=3.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)
