"""Cross-batch memory: pairs with the embeddings of earlier batches.

The size of the memory and the warm-up, which is longer than the paper's, were chosen on validation
classes; the margins are those of `contrastive`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Float, Int, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(hyperparameters: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.pairs.contrastive import contrastive_loss
    from bench_methods.proxies.memory import CrossBatchMemory

    given = {name: float(value) for name, value in hyperparameters.items()}
    return CrossBatchMemory(
        contrastive_loss(given["pos_margin"], given["neg_margin"]),
        batches=int(given["batches"]),
        weight=given["weight"],
        first_step=round(given["warm_up"] * context.steps),
    )


cross_batch_memory = Method(
    name="cross-batch-memory",
    build=_build,
    summary="The contrastive loss of a batch, and after a warm-up (a share of the steps) that of "
    "the batch against the remembered embeddings of the batches before it. The authors' memory "
    "holds the batch itself too, whose pairs then count twice; their warm-up is shorter, and their "
    "loss is of cosines and sums the pairs of each sample.",
    reference="Wang et al., Cross-Batch Memory for Embedding Learning, CVPR 2020",
    family="pair",
    defaults_from="validation here",
    comparison="euclidean",
    space={
        "batches": Int(1, 128, default=64, log=True),
        "weight": Float(0.0, 2.0, default=1.0),
        "warm_up": Float(0.0, 1.0, default=0.5),
        "pos_margin": Float(-0.2, 2.0, default=0.24),
        "neg_margin": Float(-0.2, 2.0, default=0.53),
    },
    citation="""@inproceedings{wang2020crossbatch,
  author = {Wang, Xun and Zhang, Haozhi and Huang, Weilin and Scott, Matthew R.},
  title = {Cross-Batch Memory for Embedding Learning},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2020}
}""",
)
