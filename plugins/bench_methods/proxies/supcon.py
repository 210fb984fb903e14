"""SupCon: every positive of an anchor against all others in the batch."""

from __future__ import annotations

from typing import Any

from harness import Float, loss_method


def _build(temperature: float) -> Any:
    from pytorch_metric_learning.losses import SupConLoss

    return SupConLoss(temperature=temperature)


supcon = loss_method(
    "supcon",
    _build,
    summary="Cross-entropy of each of an anchor's positives among all other embeddings, averaged "
    "over its positives. On the embeddings themselves, without a projection head, one view.",
    reference="Khosla et al., Supervised Contrastive Learning, NeurIPS 2020",
    family="pair",
    defaults_from="paper",
    comparison="cosine",
    citation="""@inproceedings{khosla2020supervised,
  author = {Khosla, Prannay and Teterwak, Piotr and Wang, Chen and Sarna, Aaron and
    Tian, Yonglong and Isola, Phillip and Maschinot, Aaron and Liu, Ce and Krishnan, Dilip},
  title = {Supervised Contrastive Learning},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2020}
}""",
    temperature=Float(0.01, 10.0, default=0.1, log=True),
)
