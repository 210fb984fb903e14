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


def group_loss(  # noqa: PLR0913 - hyperparameters, each named
    embeddings: Tensor,
    labels: Tensor,
    *,
    temperature: float,
    rounds: int,
    anchors: int,
    direct_weight: float,
    vectors: Tensor,
    offsets: Tensor,
) -> Tensor:
    """Mean of -log of each sample's refined probability of its class, + w cross-entropy.

    The first few of each class in the batch are its anchors, whose probability is 1 from the start
    to the end; the others begin at the classifier's softmax at the temperature. In each round
    probabilities are multiplied by their sums over the batch, weighted by similarity, and
    normalised; similarities are the positive correlations of embeddings over coordinates. The
    cross-entropy is the classifier's own, without the temperature. A batch of anchors alone has
    this only.
    """
    import torch
    from torch.nn.functional import cross_entropy, linear, normalize, one_hot

    earlier = (labels[:, None] == labels).tril(diagonal=-1).sum(dim=1) >= anchors
    logits = linear(embeddings, vectors, offsets)
    direct = direct_weight * cross_entropy(logits, labels)
    if not bool(earlier.any()):
        return direct
    told = one_hot(labels, len(vectors)).to(embeddings.dtype)
    begun = (logits / temperature).softmax(dim=1)
    shares = begun.where(earlier[:, None], told)
    centred = normalize(embeddings - embeddings.mean(dim=1, keepdim=True), dim=1)
    alike = (centred @ centred.T).clamp_min(0.0)
    least = torch.finfo(embeddings.dtype).tiny ** 0.5
    for _ in range(rounds):
        grown = shares * (alike @ shares)
        shares = grown / grown.sum(dim=1, keepdim=True).clamp_min(least)
    refined = (shares * told).sum(dim=1)[earlier].clamp_min(least).log()
    return direct - refined.sum() / len(labels)


group = formula_method(
    "group-loss",
    group_loss,
    own=_classifier,
    summary="A classifier's probabilities are refined by the similarities of a batch, from a "
    "few anchors a class, so that alike samples agree; cross-entropy of what comes out, and as in "
    "the authors' code that of the classifier itself. Their temperatures, 24 to 79, suit a "
    "pretrained network's features; they have 2 or 3 anchors among 6 to 9 samples of a class.",
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
    rounds=Int(1, 5, default=1),
    anchors=Int(1, 3, default=1),
    direct_weight=Float(0.01, 10.0, default=1.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)
