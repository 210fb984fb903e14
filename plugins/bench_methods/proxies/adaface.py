"""AdaFace: a margin by the length of the embedding, which stands for the quality of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import class_vectors, formula_method
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor

KEPT = 0.99  # of the moving mean and deviation of lengths, at each batch
CLOSEST = 1e-3  # radians, to 0 and to pi


def adaface_loss(  # noqa: PLR0913 - hyperparameters, each named
    embeddings: Tensor,
    labels: Tensor,
    *,
    margin: float,
    concentration: float,
    scale: float,
    vectors: Tensor,
    memory: dict[str, Tensor],
) -> Tensor:
    """Cross-entropy of scale x cosines, the own one cos(angle - m q) - (m + m q).

    q is the embedding's length, standardised by moving moments times `concentration`, within -1
    and 1, without gradient. At q = -1 the margin is ArcFace's, at 0 CosFace's.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize, one_hot

    lengths = embeddings.detach().norm(dim=1).clamp(1e-3, 100.0)
    now = torch.stack(
        [lengths.mean(), lengths.std() if len(lengths) > 1 else lengths.new_zeros(())]
    )
    memory["moments"] = now if "moments" not in memory else now.lerp(memory["moments"], KEPT)
    mean, deviation = memory["moments"]
    quality = ((lengths - mean) / (deviation + 1e-3) * concentration).clamp(-1.0, 1.0)
    cosines = normalize(embeddings, dim=1) @ normalize(vectors, dim=1).T
    own = one_hot(labels, len(vectors)).bool()
    angle = cosines[own].clamp(-1 + 1e-6, 1 - 1e-6).acos()
    moved = (angle - margin * quality).clamp(CLOSEST, torch.pi - CLOSEST).cos()
    lowered = cosines.masked_scatter(own, moved - margin * (1 + quality))
    return cross_entropy(scale * lowered, labels)


adaface = formula_method(
    "adaface",
    adaface_loss,
    own=class_vectors,
    summary="Normalized softmax whose margin on the own class goes from ArcFace's, for short "
    "embeddings, to an additive one, for long ones: the length before any normalisation stands "
    "for the quality of the image. Lengths are standardised by moments that keep 0.99 of those "
    "before, as in the authors' code; they begin at the first batch's, where the code has 20 and "
    "100.",
    reference="Kim et al., AdaFace: Quality Adaptive Margin for Face Recognition, CVPR 2022",
    family="classification",
    batch="one-per-class",
    unnormalized=True,
    comparison="cosine",
    defaults_from="paper",
    parameters="C * d",
    citation="""@inproceedings{kim2022adaface,
  author = {Kim, Minchul and Jain, Anil K. and Liu, Xiaoming},
  title = {{AdaFace}: Quality Adaptive Margin for Face Recognition},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2022}
}""",
    margin=Float(0.0, 1.0, default=0.4),
    concentration=Float(0.01, 3.0, default=0.333, log=True),
    scale=Float(1.0, 200.0, default=64.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)
