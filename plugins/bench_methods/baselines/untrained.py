"""The baselines that are not trained: weights as they are given, at random or pretrained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import Method

if TYPE_CHECKING:
    from harness import Objective

REFERENCE = "Musgrave et al., A Metric Learning Reality Check, ECCV 2020"
CITATION = """@inproceedings{musgrave2020metric,
  author = {Musgrave, Kevin and Belongie, Serge and Lim, Ser-Nam},
  title = {A Metric Learning Reality Check},
  booktitle = {European Conference on Computer Vision},
  year = {2020}
}"""


def _build(*_: object) -> Objective:
    raise RuntimeError("a baseline that is not trained has no objective")


untrained = Method(
    name="untrained",
    build=_build,
    summary="The initial weights, not trained at all: the floor of every leaderboard.",
    reference=REFERENCE,
    family="baseline",
    defaults_from="none",
    trained=False,
    citation=CITATION,
)

pretrained = Method(
    name="pretrained",
    build=_build,
    summary="The protocol's pretrained weights, not trained any further. Skipped where the "
    "protocol begins from random weights: that is what untrained shows.",
    reference=REFERENCE,
    family="baseline",
    defaults_from="none",
    weights="pretrained",
    trained=False,
    citation=CITATION,
)
