"""What a user does who corrects texts turn by turn."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from harness.protocol.augmentation import Positive, Section

ClusterRule = Literal["largest", "least-pure", "random"]
RULES: tuple[str, ...] = get_args(ClusterRule)


class CorrectingRule(Section):
    """The turns of `bench correct`; the seeds are the protocol's replicates.

    `clusters`: looked at in a turn, by `rule`; `members`: of each, at most. `withheld`: share of
    the classes that the user does not know: their texts are shown, and stay as they are.
    `adaptive`: each method's own clusters are shown, not those of the untrained embedding.
    """

    turns: Positive
    clusters: Positive
    members: Positive
    rule: ClusterRule
    withheld: Annotated[float, Field(ge=0, lt=1)]
    adaptive: bool = False
