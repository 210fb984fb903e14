"""Siamese networks: two embeddings are merged, and the merger says whether they are of one class.

Covariance embeddings (Kamal et al.) are compared with both mergers. Its text merges to a scalar,
its parameter counts only fit a vector; here each has its row. It gives no margin: the default was
chosen on validation classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.pairs import citations
from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _siamese(margin: float) -> Any:
    from bench_methods.pairs.siamese_loss import SiameseLoss

    return SiameseLoss(margin)


def _siamese_vector(context: Context) -> Any:
    from bench_methods.pairs.siamese_loss import SiameseVectorLoss

    return SiameseVectorLoss(context.embedding_size)


siamese = loss_method(
    "siamese",
    _siamese,
    summary="Pairs, half of them of one class, merged to their distance, under the squared "
    "contrastive loss.",
    reference="Bromley et al., Signature Verification using a 'Siamese' Time Delay Neural Network, "
    "NeurIPS 1993; the loss: Hadsell et al., CVPR 2006",
    family="pair",
    defaults_from="validation here",
    comparison="euclidean",
    batch="pairs",
    citation=citations.BROMLEY,
    margin=Float(0.1, 2.0, default=0.5),
)

siamese_vector = loss_method(
    "siamese-vector",
    _siamese_vector,
    summary="Pairs, half of them of one class, merged to the vector |z - z'|; batch norm and one "
    "sigmoid unit tell whether they are of one class, by binary cross-entropy.",
    reference="Koch et al., Siamese Neural Networks for One-shot Image Recognition, ICML Deep "
    "Learning Workshop 2015; the batch norm: Kamal et al., Metric Learning as a Service with "
    "Covariance Embedding",
    family="pair",
    defaults_from="paper",
    batch="pairs",
    parameters="3 * d + 1",
    citation=citations.KOCH,
    objective_rate=OBJECTIVE_RATE,
)
