"""MemVir: the classes of earlier steps as virtual classes.

The paper adds its virtual classes one by one, from easy to hard; so does a memory that fills. The
authors begin to fill it after 40 of 2,000 epochs and have 45 steps with gaps of 10; how many there
are here and how many steps lie between them was set by hand for runs of hundreds of steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench_methods.formula import class_vectors, formula_method
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float, Int

if TYPE_CHECKING:
    from torch import Tensor


def memory_virtual_classes_loss(  # noqa: PLR0913 - hyperparameters, each named
    embeddings: Tensor,
    labels: Tensor,
    *,
    scale: float,
    steps: int,
    gap: int,
    vectors: Tensor,
    memory: dict[str, Any],
) -> Tensor:
    """Normalized softmax over the classes now and those of `steps` earlier ones.

    These are `gap` + 1, 2 (`gap` + 1), ... steps old: `gap` others lie between two. Of the batch
    and of the remembered batches, each with the classes of its own step for its labels. What is
    remembered has no gradient.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    unit, weights = normalize(embeddings, dim=1), normalize(vectors, dim=1)
    past = memory.setdefault("past", [])
    rows, classes, targets = [unit], [weights], [labels]
    for place, (known, then, told) in enumerate(past[gap :: gap + 1], start=1):
        rows.append(known)
        classes.append(then)
        targets.append(told + place * len(vectors))
    loss = cross_entropy(scale * torch.cat(rows) @ torch.cat(classes).T, torch.cat(targets))
    past.insert(0, (unit.detach(), weights.detach(), labels))
    del past[steps * (gap + 1) :]
    return loss


memory_virtual_classes = formula_method(
    "memory-virtual-classes",
    memory_virtual_classes_loss,
    own=class_vectors,
    summary="MemVir: normalized softmax in which the class weights and embeddings of earlier steps "
    "stand beside those of now as further classes, without gradient. The authors' memory is larger "
    "and begins to fill after a warm-up.",
    reference="Ko et al., Learning with Memory-based Virtual Classes for Deep Metric Learning, "
    "ICCV 2021",
    family="proxy",
    batch="one-per-class",
    comparison="cosine",
    defaults_from="by hand",
    parameters="C * d",
    citation="""@inproceedings{ko2021learning,
  author = {Ko, Byungsoo and Gu, Geonmo and Kim, Han-Gyu},
  title = {Learning with Memory-based Virtual Classes for Deep Metric Learning},
  booktitle = {IEEE/CVF International Conference on Computer Vision},
  year = {2021}
}""",
    scale=Float(1.0, 200.0, default=23.0, log=True),
    steps=Int(1, 50, default=5, log=True),
    gap=Int(1, 100, default=10, log=True),
    objective_rate=OBJECTIVE_RATE,
)
