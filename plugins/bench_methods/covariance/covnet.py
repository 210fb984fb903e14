"""CovNet: the covariance vector of two embeddings tells what pair of classes they are.

It departs from the paper in this. The paper's embedding ends in tanh, the protocol's head is
linear: `tanh` puts it between head and normalisation, but while training alone, so that what is
scored is not quite what was trained. The tail of v1 and v2 reads the covariance times d times
`scale`: of normalised embeddings of size d its terms are about 1/d, from which, at the one learning
rate that a protocol gives all objectives, the tail would not learn in a short run. It is the
paper's function all the same, of larger weights. Its default, and that v1 and v2 have no tanh, were
chosen on validation classes. The paper trains for 200 epochs; in runs of a few v1 and v2 stay far
from where they could get.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Choice, Float, Method

if TYPE_CHECKING:
    from bench_methods.covariance.covnet_objective import Pairing
    from harness import Context, Objective, Value


def _v1(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.covariance.pairing import inner_pairs

    return _classifier(inner_pairs, context.classes, point, context)


def _v2(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.covariance.pairing import inner_inter_pairs

    pairing = partial(inner_inter_pairs, classes=context.classes)
    return _classifier(pairing, context.classes * (context.classes + 1) // 2, point, context)


def _classifier(
    pairing: Pairing, labels: int, point: Mapping[str, Value], context: Context
) -> Objective:
    """Objective that tells pairs of so many labels apart by a softmax."""
    from torch import nn

    from bench_methods.covariance.covnet_objective import CovNetObjective

    return CovNetObjective(
        pairing,
        nn.Linear(context.embedding_size, labels),
        nn.functional.cross_entropy,
        tanh=bool(point["tanh"]),
        normalized=context.normalized,
        scale=float(point["scale"]) * context.embedding_size,
    )


def _v3(point: Mapping[str, Value], context: Context) -> Objective:
    from torch import nn

    from bench_methods.covariance.covnet_objective import CovNetObjective, binary_cross_entropy
    from bench_methods.covariance.pairing import inter_similarity_pairs

    tail = nn.Sequential(
        nn.BatchNorm1d(context.embedding_size), nn.Linear(context.embedding_size, 1)
    )
    return CovNetObjective(
        inter_similarity_pairs,
        tail,
        binary_cross_entropy,
        tanh=bool(point["tanh"]),
        normalized=context.normalized,
    )


_REFERENCE = (
    "Kamal et al., Metric Learning as a Service With Covariance Embedding, "
    "IEEE Transactions on Services Computing 2023"
)
_CITATION = """@article{kamal2023metric,
  author = {Kamal, Imam Mustafa and Bae, Hyerim and Liu, Ling},
  title = {Metric Learning as a Service With Covariance Embedding},
  journal = {IEEE Transactions on Services Computing},
  year = {2023},
  doi = {10.1109/TSC.2023.3266445}
}"""
_SPACE: Mapping[str, Choice | Float] = {
    "tanh": Choice((False, True), default=False),
    "scale": Float(0.01, 100.0, default=10.0, log=True),
    "objective_rate": OBJECTIVE_RATE,
}

covnet_v1 = Method(
    name="covnet-v1",
    build=_v1,
    summary="Each image and another of its class (IM): a softmax over classes on the covariance "
    "vector of their embeddings.",
    reference=_REFERENCE,
    family="covariance",
    defaults_from="validation here",
    comparison="cosine",
    space=_SPACE,
    parameters="(d + 1) * C",
    citation=_CITATION,
)

covnet_v2 = Method(
    name="covnet-v2",
    build=_v2,
    summary="Each image and one of any class (IIM): a softmax over all unordered pairs of classes "
    "on the covariance vector. C (C + 1) / 2 outputs: of 190 classes, 18,145, and as much time "
    "again as the backbone.",
    reference=_REFERENCE,
    family="covariance",
    defaults_from="validation here",
    comparison="cosine",
    space=_SPACE,
    parameters="(d + 1) * C * (C + 1) // 2",
    citation=_CITATION,
)

covnet_v3 = Method(
    name="covnet-v3",
    build=_v3,
    summary="Each image with another of its class and with one of another (ISIM): same or not, "
    "by batch norm and a sigmoid on the covariance vector.",
    reference=_REFERENCE,
    family="covariance",
    defaults_from="paper",
    comparison="cosine",
    space={"tanh": Choice((False, True), default=True), "objective_rate": OBJECTIVE_RATE},
    parameters="3 * d + 1",
    citation=_CITATION,
)
