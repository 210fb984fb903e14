"""Prototypical networks: classification by distances to the means of a few samples."""

from __future__ import annotations

from typing import Any

from harness import Float, loss_method


def _build(softmax_scale: float) -> Any:
    from bench_methods.proxies.prototypical_loss import PrototypicalLoss

    return PrototypicalLoss(softmax_scale)


prototypical = loss_method(
    "prototypical",
    _build,
    summary="Half of a class's samples in the batch give its prototype, their mean; softmax of the "
    "other half over scaled squared distances to the prototypes. The paper has no scale: its "
    "embeddings have any length.",
    reference="Snell et al., Prototypical Networks for Few-shot Learning, NeurIPS 2017",
    family="proxy",
    defaults_from="paper",
    comparison="euclidean",
    citation="""@inproceedings{snell2017prototypical,
  author = {Snell, Jake and Swersky, Kevin and Zemel, Richard},
  title = {Prototypical Networks for Few-shot Learning},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2017}
}""",
    softmax_scale=Float(0.1, 100.0, default=1.0, log=True),
)
