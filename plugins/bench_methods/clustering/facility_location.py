"""Structured clustering by facility location: the right medoids beat all wrong ones by a margin.

Song et al. normalise mutual information by the geometric mean of the entropies; here it is their
arithmetic mean, the NMI that the harness reports.
"""

from __future__ import annotations

from typing import Any

from harness import Float, loss_method


def _build(gamma: float) -> Any:
    from bench_methods.clustering.facility_location_loss import FacilityLocationLoss

    return FacilityLocationLoss(gamma)


structured_clustering = loss_method(
    "structured-clustering",
    _build,
    summary="Facility location on the batch: the score of the best medoid of each class against "
    "that of the best medoids of any clustering, which are granted gamma times one minus their "
    "NMI; the maximum by greedy choice and exchanges of medoids.",
    reference="Song et al., Deep Metric Learning via Facility Location, CVPR 2017",
    family="cluster",
    defaults_from="library",
    comparison="euclidean",
    citation="""@inproceedings{song2017deep,
  author = {Song, Hyun Oh and Jegelka, Stefanie and Rathod, Vivek and Murphy, Kevin},
  title = {Deep Metric Learning via Facility Location},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2017}
}""",
    gamma=Float(0.01, 100.0, default=1.0, log=True),
)
