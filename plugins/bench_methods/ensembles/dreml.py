"""DREML: each member of an ensemble tells apart random unions of classes.

The paper trains its members one after the other, up to 48 of them, each on batches of its own;
here they see the same batches in the same steps, and there are four. The default scale was chosen
on validation classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness import Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.ensembles.dreml_objective import DremlObjective

    return DremlObjective(scale=float(point["scale"]), context=context)


dreml = Method(
    name="dreml",
    build=_build,
    summary="An ensemble of four backbones. Each maps the classes at random and evenly to as many "
    "meta-classes as it has embedding dimensions, and learns these by a softmax against fixed "
    "one-hot proxies. Members see the same batches; the paper's, up to 48, are trained one after "
    "the other on their own, with the embedding as it is for logits, where here it is normalised "
    "and scaled. Four times the backbone's cost.",
    reference="Xuan et al., Deep Randomized Ensembles for Metric Learning, ECCV 2018",
    family="ensemble",
    defaults_from="validation here",
    comparison="cosine",
    members=4,
    space={"scale": Float(0.5, 64.0, default=8.0, log=True)},
    citation="""@inproceedings{xuan2018deep,
  author = {Xuan, Hong and Souvenir, Richard and Pless, Robert},
  title = {Deep Randomized Ensembles for Metric Learning},
  booktitle = {European Conference on Computer Vision},
  year = {2018}
}""",
)
