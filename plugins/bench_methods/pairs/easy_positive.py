"""Easy positives with semi-hard negatives (EPSHN).

The authors' code also leaves out positives at a cosine above .9999: it repeats images in a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import formula_method
from harness import Choice, Float

if TYPE_CHECKING:
    from torch import Tensor


def easy_positive_loss(embeddings: Tensor, labels: Tensor, *, temperature: float) -> Tensor:
    """log(1 + e^{(s_an - s_ap) / T}), s cosines, the mean over anchors with both cosines above 0.

    p is the most similar sample of the anchor's class, n the most similar of the others that is no
    more so than p.
    """
    import torch

    from bench_methods.pairs.batch_pairs import masked_mean, pair_masks

    unit = torch.nn.functional.normalize(embeddings, dim=1)
    cosine = unit @ unit.T
    positive, negative = pair_masks(labels)
    lowest = torch.finfo(cosine.dtype).min
    easy = cosine.masked_fill(~positive, lowest).amax(dim=1)
    beyond = negative & (cosine <= easy[:, None])
    hard = cosine.masked_fill(~beyond, lowest).amax(dim=1)
    both = (easy > 0) & (hard > 0)
    difference = (hard - easy).masked_fill(~both, 0.0)
    return masked_mean(torch.nn.functional.softplus(difference / temperature), both)


easy_positive = formula_method(
    "easy-positive",
    easy_positive_loss,
    summary="EPSHN: each anchor's most similar positive against its most similar negative beyond "
    "that, in a softmax of two cosines: a class need not come together in one place. As in the "
    "authors' code an anchor without such a pair of positive cosines does not count.",
    reference="Xuan et al., Improved Embeddings with Easy Positive Triplet Mining, WACV 2020",
    family="triplet",
    comparison="cosine",
    defaults_from="paper",
    citation="""@inproceedings{xuan2020improved,
  author = {Xuan, Hong and Stylianou, Abby and Pless, Robert},
  title = {Improved Embeddings with Easy Positive Triplet Mining},
  booktitle = {IEEE Winter Conference on Applications of Computer Vision},
  year = {2020}
}""",
    temperature=Float(0.01, 1.0, default=0.1, log=True),
    samples_per_class=Choice((4, 8), default=4),
)
