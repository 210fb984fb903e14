"""Which attributes of a dataset are label sets beside the class."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from harness.protocol.augmentation import Section
from harness.protocol.scoring import Names


class LabelSetsRule(Section):
    """Attributes that methods get as labels if they declare `label_sets="attributes"`.

    No other method sees an attribute, and without this section none does. `ordered`: those whose
    values are in order: of their numbers, or as the dataset lists them.
    """

    attributes: Annotated[Names, Field(min_length=1)]
    ordered: Names = ()

    @model_validator(mode="after")
    def _named_once(self) -> LabelSetsRule:
        if len(set(self.attributes)) < len(self.attributes):
            raise ValueError("attributes must be different ones")
        if not set(self.ordered) <= set(self.attributes):
            raise ValueError(f"ordered must be some of attributes: {', '.join(self.attributes)}")
        return self
