"""A control: a good loss on labels that mean nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench_methods.proxies.softmax import normalized_softmax
from harness import Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(hyperparameters: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.baselines.permuted import PermutedLabels

    return PermutedLabels(normalized_softmax.build(hyperparameters, context), context.generator)


random_labels = Method(
    name="random-labels",
    build=_build,
    summary="Normalized softmax on the same batches, the labels permuted over the training part "
    "before the first step: a control that must not beat untrained weights by more than what "
    "invariance to the augmentation brings.",
    reference="Zhang et al., Understanding Deep Learning Requires Rethinking Generalization, "
    "ICLR 2017",
    family="baseline",
    defaults_from="published search",
    comparison="cosine",
    space=normalized_softmax.space,
    batch=normalized_softmax.batch,
    control=True,
    parameters=normalized_softmax.parameters,
    citation="""@inproceedings{zhang2017understanding,
  author = {Zhang, Chiyuan and Bengio, Samy and Hardt, Moritz and Recht, Benjamin and
    Vinyals, Oriol},
  title = {Understanding Deep Learning Requires Rethinking Generalization},
  booktitle = {International Conference on Learning Representations},
  year = {2017}
}""",
)
