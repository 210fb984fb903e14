"""Magnet: each sample near its own cluster, far from the clusters of other classes.

Rippel et al. score by the nearest clusters (kNC); here every method is scored by its neighbours.
Their clusters are seeded by k-means++; here the best of a few random starts is taken. Their code is
not public; a public one divides distances by twice the square of the variance, the paper by twice
the variance, as here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Float, Int, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.clustering.magnet_objective import MagnetObjective

    return MagnetObjective(
        clusters_per_class=int(point["clusters_per_class"]),
        gap=float(point["gap"]),
        context=context,
    )


magnet = Method(
    name="magnet",
    build=_build,
    summary="Batches of neighbouring clusters: each sample closer to the mean of its own cluster "
    "than to those of other classes, by a gap measured in the batch's own variance. K-means "
    "divides each class anew every epoch, for which all of the training part is embedded. The "
    "paper scores by the nearest clusters, and starts k-means by k-means++. By the paper alone: "
    "no code of the authors' was found.",
    reference="Rippel et al., Metric Learning with Adaptive Density Discrimination, ICLR 2016",
    family="cluster",
    defaults_from="library",
    comparison="euclidean",
    batch="clusters",
    space={
        "clusters_per_class": Int(1, 8, default=3),
        "gap": Float(0.0, 10.0, default=1.0),
    },
    citation="""@inproceedings{rippel2016metric,
  author = {Rippel, Oren and Paluri, Manohar and Doll{\\'a}r, Piotr and Bourdev, Lubomir},
  title = {Metric Learning with Adaptive Density Discrimination},
  booktitle = {International Conference on Learning Representations},
  year = {2016}
}""",
)
