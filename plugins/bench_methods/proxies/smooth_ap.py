"""Smooth-AP, alone and with the threshold-consistent margin."""

from __future__ import annotations

from typing import Any

from harness import Float, loss_method


def _smooth_ap(temperature: float) -> Any:
    from bench_methods.proxies.smooth_ap_loss import SmoothAPLoss

    return SmoothAPLoss(temperature)


def _threshold_consistent(
    temperature: float, weight: float, pos_margin: float, neg_margin: float
) -> Any:
    from bench_methods.proxies.threshold_consistent_loss import ThresholdConsistentLoss

    return ThresholdConsistentLoss(
        temperature, weight=weight, pos_margin=pos_margin, neg_margin=neg_margin
    )


smooth_ap = loss_method(
    "smooth-ap",
    _smooth_ap,
    summary="One minus average precision, each comparison of two ranks softened by a sigmoid. A "
    "query stands in its own ranking, as in the authors' code.",
    reference="Brown et al., Smooth-AP: Smoothing the Path Towards Large-Scale Image Retrieval, "
    "ECCV 2020",
    family="ranking",
    defaults_from="paper",
    comparison="cosine",
    citation="""@inproceedings{brown2020smooth,
  author = {Brown, Andrew and Xie, Weidi and Kalogeiton, Vicky and Zisserman, Andrew},
  title = {Smooth-{AP}: Smoothing the Path Towards Large-Scale Image Retrieval},
  booktitle = {European Conference on Computer Vision},
  year = {2020}
}""",
    temperature=Float(1e-3, 1.0, default=0.01, log=True),
)

threshold_consistent_margin = loss_method(
    "threshold-consistent-margin",
    _threshold_consistent,
    summary="Smooth-AP, and a pull on the positive pairs of too small a cosine and the negative "
    "pairs of too large a one, so that one threshold fits all classes.",
    reference="Zhang et al., Threshold-Consistent Margin Loss for Open-World Deep Metric Learning, "
    "ICLR 2024",
    family="ranking",
    defaults_from="paper",
    comparison="cosine",
    citation="""@inproceedings{zhang2024threshold,
  author = {Zhang, Qin and Xu, Linghan and Tang, Qingming and Fang, Jun and Wu, Ying Nian and
    Tighe, Joe and Xing, Yifan},
  title = {Threshold-Consistent Margin Loss for Open-World Deep Metric Learning},
  booktitle = {International Conference on Learning Representations},
  year = {2024}
}""",
    temperature=Float(1e-3, 1.0, default=0.01, log=True),
    weight=Float(0.01, 10.0, default=1.0, log=True),
    pos_margin=Float(0.0, 1.0, default=0.9),
    neg_margin=Float(0.0, 1.0, default=0.5),
)
