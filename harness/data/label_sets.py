"""The label sets beside the class that a protocol gives to methods that ask for them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.data.coded import Coded, coded
from harness.data.dataset import Dataset
from harness.errors import UserError, nearest
from harness.protocol.label_sets import LabelSetsRule


def label_sets_of(dataset: Dataset, rule: LabelSetsRule | None) -> Mapping[str, Coded]:
    """The attributes that the rule names, as codes; none without a rule.

    Raises UserError for an attribute that the dataset lacks, or that has a single value.
    """
    found: dict[str, Coded] = {}
    for name in rule.attributes if rule else ():
        where = f"dataset {dataset.name}: label_sets.attributes"
        if name not in dataset.attributes:
            held = sorted(dataset.attributes)
            raise UserError(
                f"{where}: needs its attribute {name}{nearest(name, held)} "
                f"(it has {', '.join(held) or 'none'})"
            )
        one = coded(dataset.attributes[name])
        if len(np.unique(one.codes[one.codes >= 0])) < 2:
            raise UserError(f"{where}: {name} has one value: nothing to tell apart")
        found[name] = one
    return found
