"""What holds for any embedding: numbers that break it were not computed by these definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

_ROUNDING = 1e-9
_MAY_BE_NEGATIVE = {"ami", "ari"}
_NAMES = re.compile(
    r"precision_at_1|recall_at_[1-9]\d*|r_precision|map_at_r|map|mrr|nmi|ami|ari|pairwise_f1"
)


def check_invariants(values: Mapping[str, float]) -> list[str]:
    """Return a sentence for each invariant that the scores break; none for sound scores.

    Checked where the names are there: every score at most 1, and at least 0 (AMI and ARI: -1);
    precision_at_1 = recall_at_1; recall_at_K never falling with K; map_at_r at most r_precision;
    mrr between precision_at_1 and 1. Names that are no scores of this package are left alone.
    """
    known = {name: value for name, value in values.items() if _NAMES.fullmatch(name)}
    return [*_out_of_range(known), *_out_of_order(known)]


def _out_of_range(values: Mapping[str, float]) -> list[str]:
    problems = []
    for name, value in values.items():
        low = -1.0 if name in _MAY_BE_NEGATIVE else 0.0
        if not low - _ROUNDING <= value <= 1 + _ROUNDING:  # NaN is not in range either
            problems.append(f"{name} is {value}, outside {low:g} to 1")
    return problems


def _out_of_order(values: Mapping[str, float]) -> list[str]:
    recalls = sorted((int(name[10:]), name) for name in values if name.startswith("recall_at_"))
    names = [name for _, name in recalls]
    pairs = [("map_at_r", "r_precision"), ("precision_at_1", "mrr"), *pairwise(names)]
    problems = [
        f"{smaller} is {values[smaller]}, above {larger}, {values[larger]}"
        for smaller, larger in pairs
        if smaller in values and larger in values and values[smaller] > values[larger] + _ROUNDING
    ]
    first, recall = values.get("precision_at_1"), values.get("recall_at_1")
    if first is not None and recall is not None and abs(first - recall) > _ROUNDING:
        problems.append(f"precision_at_1 is {first}, recall_at_1 is {recall}: not the same")
    return problems
