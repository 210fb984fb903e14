"""Softmax with the own angle multiplied: large-margin softmax and SphereFace.

The length of the embedding is part of the logit in both; where a protocol normalises embeddings it
is 1, and a scale stands in for it. The papers mix the plain logit in at first, and less and less of
it later, to make a margin of 4 trainable; the library and so these methods do not, hence a default
of 2. It and the scales were chosen on validation classes; the papers have no scale.
"""

from __future__ import annotations

from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.proxies.library import class_weights
from harness import Float, Int

large_margin_softmax = class_weights(
    "large-margin-softmax",
    "LargeMarginSoftmaxLoss",
    summary="Softmax over dot products with learned class weights, the angle to the own one "
    "multiplied; without the paper's annealing.",
    reference="Liu et al., Large-Margin Softmax Loss for Convolutional Neural Networks, ICML 2016",
    family="classification",
    defaults_from="validation here",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation="""@inproceedings{liu2016large,
  author = {Liu, Weiyang and Wen, Yandong and Yu, Zhiding and Yang, Meng},
  title = {Large-Margin Softmax Loss for Convolutional Neural Networks},
  booktitle = {International Conference on Machine Learning},
  year = {2016}
}""",
    margin=Int(1, 6, default=2),
    scale=Float(0.01, 30.0, default=2.5, log=True),
    objective_rate=OBJECTIVE_RATE,
)

sphereface = class_weights(
    "sphereface",
    "SphereFaceLoss",
    summary="Large-margin softmax with class weights of length one, without the paper's annealing.",
    reference="Liu et al., SphereFace: Deep Hypersphere Embedding for Face Recognition, CVPR 2017",
    family="classification",
    defaults_from="validation here",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation="""@inproceedings{liu2017sphereface,
  author = {Liu, Weiyang and Wen, Yandong and Yu, Zhiding and Li, Ming and Raj, Bhiksha and
    Song, Le},
  title = {{SphereFace}: Deep Hypersphere Embedding for Face Recognition},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2017}
}""",
    margin=Int(1, 6, default=2),
    scale=Float(0.1, 200.0, default=20.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)
