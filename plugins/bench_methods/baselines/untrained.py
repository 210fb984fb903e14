"""The baseline every method must beat: the backbone's initial weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import Method

if TYPE_CHECKING:
    from harness import Objective


def _build(*_: object) -> Objective:
    raise RuntimeError("the untrained baseline has no objective")


untrained = Method(
    name="untrained",
    build=_build,
    summary="The initial weights, not trained at all: the floor of every leaderboard.",
    reference="Musgrave et al., A Metric Learning Reality Check, ECCV 2020",
    family="baseline",
    trained=False,
    citation="""@inproceedings{musgrave2020metric,
  author = {Musgrave, Kevin and Belongie, Serge and Lim, Ser-Nam},
  title = {A Metric Learning Reality Check},
  booktitle = {European Conference on Computer Vision},
  year = {2020}
}""",
)
