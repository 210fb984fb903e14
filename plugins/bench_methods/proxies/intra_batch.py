"""Intra-batch connections: embeddings pass messages before they are classified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(auxiliary: float, temperature: float, smoothing: float, context: Context) -> Any:
    from bench_methods.proxies.intra_batch_loss import IntraBatchLoss

    return IntraBatchLoss(
        context.classes,
        context.embedding_size,
        auxiliary=auxiliary,
        temperature=temperature,
        smoothing=smoothing,
    )


intra_batch = loss_method(
    "intra-batch",
    _build,
    summary="Each embedding of a batch attends to all, in one step of a transformer's layer with "
    "one head; cross-entropy of what comes out, and at a weight of the embeddings themselves. Only "
    "the embedding is tested. The authors' code has two heads and dropout.",
    reference="Seidenschwarz et al., Learning Intra-Batch Connections for Deep Metric Learning, "
    "ICML 2021",
    family="classification",
    unnormalized=True,
    defaults_from="by hand",
    parameters="4 * d * (d + 1) + 4 * d + (d + 1) * 4 * d + (4 * d + 1) * d + 2 * (d + 1) * C",
    citation="""@inproceedings{seidenschwarz2021learning,
  author = {Seidenschwarz, Jenny and Elezi, Ismail and Leal-Taix{\\'e}, Laura},
  title = {Learning Intra-Batch Connections for Deep Metric Learning},
  booktitle = {International Conference on Machine Learning},
  year = {2021}
}""",
    auxiliary=Float(0.01, 10.0, default=1.0, log=True),
    temperature=Float(0.1, 10.0, default=0.2, log=True),
    smoothing=Float(0.0, 0.5, default=0.1),
    objective_rate=OBJECTIVE_RATE,
)
