"""What every section of a protocol file has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


def as_tuple(value: object) -> object:
    """TOML has arrays; a frozen model holds tuples."""
    return tuple(value) if isinstance(value, list) else value


Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """Base of every section: no unknown keys, no defaults, no coercion, no assignment."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
