"""Guided deep metric learning: the backbone learns to embed images as a teacher, GEMINI, does.

GEMINI has a stream of layers for each class and chooses by the label which to use. It can embed
nothing of a class it was not trained on, and separates those it was trained on by their labels
alone. Its embeddings are therefore targets in training and never scored; the backbone, its
student, sees images alone and is what is scored. The method is declared for closed sets, as the
paper defines and tests it: on a class-disjoint split the student could embed new classes but was
told nothing that is meant to hold for them, and a run is skipped.

It departs from the paper in this. Where the protocol normalises embeddings, so does the teacher:
distances then end at 2, and the margin's default is 1, chosen on validation images; the paper's 3
is for an embedding that is not normalised. There the teacher trains by Adam. Where nothing bounds
embeddings, Adam drives classes hundreds of margins apart, and the student learns the farthest
alone; there it trains by SGD, as in the paper, at 0.01: the paper has 0.001, on raw inputs in its
code, whose gradients are larger, and at 0.001 on standardised ones classes end a margin apart or
less. The teacher stops with its student's number of steps, or once each pair of classes has given
as many triplets as in the authors' code: 10 times 64. Images under 16 pixels are padded to that
size, which the streams need; feature vectors have streams of linear layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Choice, Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.guided.gemini_objective import GeminiObjective
    from bench_methods.guided.gemini_training import GeminiRule

    rule = GeminiRule(
        beta=float(point["beta"]),
        margin=float(point["margin"]),
        constraint_vectors=bool(point["constraint_vectors"]),
    )
    return GeminiObjective(rule, context)


gemini = Method(
    name="gemini",
    build=_build,
    summary="A student of a teacher with a stream of layers for each class, trained by a triplet "
    "loss before the first step: the distance to the teacher's embedding of the same image. With "
    "constraint_vectors, the teacher's negatives are fixed vectors of their classes. The teacher "
    "takes one to three times the time of its student.",
    reference="Gonzalez-Zapata et al., Guided Deep Metric Learning, CVPR Workshops 2022",
    family="guided",
    defaults_from="validation here",
    comparison="euclidean",
    batch="uniform",
    setting="closed-set",
    space={
        "beta": Float(0.0, 1.0, default=0.005),
        "margin": Float(0.1, 5.0, default=1.0),
        "constraint_vectors": Choice((False, True), default=False),
    },
    citation="""@inproceedings{gonzalezzapata2022guided,
  author = {Gonzalez-Zapata, Jorge and Reyes-Amezcua, Ivan and Flores-Araiza, Daniel and
            Mendez-Ruiz, Mauricio and Ochoa-Ruiz, Gilberto and Mendez-Vazquez, Andres},
  title = {Guided Deep Metric Learning},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition Workshops},
  year = {2022}
}""",
)
