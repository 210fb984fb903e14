"""How a learning rate moves over a run."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from harness.protocol.section import Section


class ScheduleRule(Section):
    """A share of the learning rate for each step.

    `warmup`: over this share of the steps the rate rises from 0 in a straight line. Then it falls
    to the share `final` of itself at the last step: as half a cosine (Loshchilov and Hutter, ICLR
    2017, without restarts) or in a straight line.
    """

    shape: Literal["cosine", "linear"]
    warmup: Annotated[float, Field(ge=0, lt=1)]
    final: Annotated[float, Field(ge=0, le=1)]

    def share(self, step: int, steps: int) -> float:
        """The share at a step, counted from 0, of a run of so many."""
        done, warm = (step + 1) / steps, self.warmup
        if done <= warm:
            return done / warm
        left = (1 - done) / (1 - warm)
        curve = (1 - math.cos(math.pi * left)) / 2 if self.shape == "cosine" else left
        return self.final + (1 - self.final) * curve
