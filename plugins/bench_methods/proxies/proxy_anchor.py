"""Proxy Anchor: each proxy against all embeddings of the batch at once."""

from __future__ import annotations

from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.proxies.library import class_weights
from harness import Float

proxy_anchor = class_weights(
    "proxy-anchor",
    "ProxyAnchorLoss",
    summary="A learned proxy a class is the anchor; log-sum-exp of its cosines to the batch's "
    "positives and negatives, so that the hardest weigh most.",
    reference="Kim et al., Proxy Anchor Loss for Deep Metric Learning, CVPR 2020",
    family="proxy",
    defaults_from="paper",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation="""@inproceedings{kim2020proxy,
  author = {Kim, Sungyeon and Kim, Dongwon and Cho, Minsu and Kwak, Suha},
  title = {Proxy Anchor Loss for Deep Metric Learning},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2020}
}""",
    margin=Float(0.0, 0.5, default=0.1),
    alpha=Float(1.0, 128.0, default=32.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)
