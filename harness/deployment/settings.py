"""What a deployment is made with."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The choices of a deployment; the paper gives none of them. UserError where out of range.

    `newest`: entries that a managed gallery keeps of a class. `clusters`: centres for each value
    of the background variable. `accept`: share of the calibration samples that lies within the
    threshold. `enrolled`: share of the classes that the gallery knows.
    """

    newest: int = 20
    clusters: int = 16
    accept: float = 0.95
    enrolled: float = 0.7

    def __post_init__(self) -> None:
        for name in ("newest", "clusters"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be 1 or more, not {getattr(self, name)}")
        if not 0.0 < self.accept <= 1.0:
            raise UserError(f"--accept must be above 0 and at most 1, not {self.accept}")
        if not 0.0 < self.enrolled < 1.0:
            raise UserError(f"--enrolled must lie between 0 and 1, not {self.enrolled}")
