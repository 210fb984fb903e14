"""Prototypical networks: classification by distances to the means of a few samples.

The paper has no scale: its embeddings have any length. Where a protocol normalises, no squared
distance is above 4, so that no sample is ever sure of its class, and longer training does harm.
There distances are scaled. The default was chosen on validation classes (glyphs-2, eight trials).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(softmax_scale: float, context: Context) -> Any:
    from bench_methods.proxies.prototypical_loss import PrototypicalLoss

    return PrototypicalLoss(softmax_scale if context.normalized else 1.0)


prototypical = loss_method(
    "prototypical",
    _build,
    summary="Half of a class's samples in the batch give its prototype, their mean; softmax of the "
    "other half over squared distances to the prototypes. The paper does not normalise embeddings: "
    "distances of normalised ones are scaled.",
    reference="Snell et al., Prototypical Networks for Few-shot Learning, NeurIPS 2017",
    family="proxy",
    defaults_from="validation here",
    comparison="euclidean",
    citation="""@inproceedings{snell2017prototypical,
  author = {Snell, Jake and Swersky, Kevin and Zemel, Richard},
  title = {Prototypical Networks for Few-shot Learning},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2017}
}""",
    softmax_scale=Float(0.1, 100.0, default=10.0, log=True),
)
