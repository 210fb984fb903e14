"""The baseline of every fine-tuned method: pretrained weights as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import Method

if TYPE_CHECKING:
    from harness import Objective


def _build(*_: object) -> Objective:
    raise RuntimeError("the pretrained baseline has no objective")


pretrained = Method(
    name="pretrained",
    build=_build,
    summary="The protocol's pretrained weights, not trained any further. Skipped where the "
    "protocol begins from random weights: that is what untrained shows.",
    reference="Musgrave et al., A Metric Learning Reality Check, ECCV 2020",
    family="baseline",
    weights="pretrained",
    trained=False,
    citation="""@inproceedings{musgrave2020metric,
  author = {Musgrave, Kevin and Belongie, Serge and Lim, Ser-Nam},
  title = {A Metric Learning Reality Check},
  booktitle = {European Conference on Computer Vision},
  year = {2020}
}""",
)
