"""The group loss: class probabilities made consistent over a batch by replicator dynamics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench_methods.formula import formula_method
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, Int

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Context


def _classifier(context: Context, _: Mapping[str, Any]) -> Mapping[str, Tensor]:
    import torch

    return {
        "vectors": torch.randn(context.classes, context.embedding_size),
        "offsets": torch.zeros(context.classes),
    }


def group_loss(
    embeddings: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    rounds: int,
    vectors: Tensor,
    offsets: Tensor,
) -> Tensor:
    """-log of each sample's refined probability of its class, the mean over all but the anchors.

    The first of each class in the batch is its anchor, whose probability is 1 from the start; the
    others begin at the classifier's softmax. In each round probabilities are multiplied by their
    sums over the batch, weighted by similarity, and normalised; similarities are the positive
    correlations of embeddings over coordinates.
    """
    import torch
    from torch.nn.functional import linear, normalize, one_hot

    earlier = (labels[:, None] == labels).tril(diagonal=-1).any(dim=1)
    if not bool(earlier.any()):
        return 0.0 * (embeddings.sum() + vectors.sum() + offsets.sum())
    told = one_hot(labels, len(vectors)).to(embeddings.dtype)
    begun = (linear(embeddings, vectors, offsets) / temperature).softmax(dim=1)
    shares = begun.where(earlier[:, None], told)
    centred = normalize(embeddings - embeddings.mean(dim=1, keepdim=True), dim=1)
    alike = (centred @ centred.T).clamp_min(0.0)
    least = torch.finfo(embeddings.dtype).tiny ** 0.5
    for _ in range(rounds):
        grown = shares * (alike @ shares)
        shares = grown / grown.sum(dim=1, keepdim=True).clamp_min(least)
    return -(shares * told).sum(dim=1)[earlier].clamp_min(least).log().mean()


group = formula_method(
    "group-loss",
    group_loss,
    own=_classifier,
    summary="A classifier's probabilities are refined by the similarities of a batch, from one "
    "anchor a class, so that alike samples agree; cross-entropy of what comes out.",
    reference="Elezi et al., The Group Loss for Deep Metric Learning, ECCV 2020",
    family="classification",
    comparison="cosine",
    defaults_from="by hand",
    parameters="C * d + C",
    citation="""@inproceedings{elezi2020group,
  author = {Elezi, Ismail and Vascon, Sebastiano and Torcinovich, Alessandro and Pelillo, Marcello
    and Leal-Taix{\\'e}, Laura},
  title = {The Group Loss for Deep Metric Learning},
  booktitle = {European Conference on Computer Vision},
  year = {2020}
}""",
    temperature=Float(0.01, 100.0, default=1.0, log=True),
    rounds=Int(1, 5, default=2),
    objective_rate=OBJECTIVE_RATE,
)
