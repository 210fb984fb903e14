"""Normalized softmax: classification by cosines to learned class weights."""

from __future__ import annotations

from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.proxies.library import class_weights
from harness import Float

normalized_softmax = class_weights(
    "normalized-softmax",
    "NormalizedSoftmaxLoss",
    summary="Cross-entropy over cosines to learned class weights, at a temperature.",
    reference="Zhai and Wu, Classification is a Strong Baseline for Deep Metric Learning, "
    "BMVC 2019; Wang et al., NormFace, MM 2017",
    family="classification",
    defaults_from="published search",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation="""@inproceedings{zhai2019classification,
  author = {Zhai, Andrew and Wu, Hao-Yu},
  title = {Classification is a Strong Baseline for Deep Metric Learning},
  booktitle = {British Machine Vision Conference},
  year = {2019}
}""",
    temperature=Float(1e-2, 1e2, default=0.079, log=True),
    objective_rate=OBJECTIVE_RATE,
)
