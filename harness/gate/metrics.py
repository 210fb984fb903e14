"""What is gated: metrics, which way each is better, and how much worse it may become."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UserError, nearest
from harness.record import Audit, Record

DEFAULT_METRIC = "map_at_r"
DEFAULT_MARGIN = "0.01"

_SCORES = re.compile(
    r"precision_at_1|recall_at_[1-9]\d*|r_precision|map_at_r|map|mrr|nmi|ami|ari|pairwise_f1"
)
COSTS = (
    "training_seconds",
    "seconds",
    "images_embedded",
    "backward_passes",
    "peak_memory_bytes",
    "parameters",
)
_WAYS: Mapping[str, bool] = {"higher": True, "lower": False}


@dataclass(frozen=True)
class Margin:
    """How much worse a metric may become: an amount, or a share of the baseline's mean."""

    value: float
    relative: bool = False

    def of(self, baseline: float) -> float:
        """The amount."""
        return self.value * abs(baseline) if self.relative else self.value


@dataclass(frozen=True, kw_only=True)
class GatedMetric:
    """A metric by name, its direction and its margin."""

    name: str
    higher_is_better: bool
    margin: Margin

    def value(self, record: Record) -> float | None:
        """What a run measured; None where it has no finite such number."""
        if self.name in COSTS:
            found = None if record.audit is None else _cost(record.audit, self.name)
        elif record.scores is None:
            found = None
        else:
            scores = record.scores
            found = scores.values.get(self.name, scores.extra.get(self.name))
        return found if found is not None and math.isfinite(found) else None


def names_measured(records: Sequence[Record]) -> set[str]:
    """Names of all metrics that any of the runs carries."""
    scores = [record.scores for record in records if record.scores is not None]
    found = {name for score in scores for name in (*score.values, *score.extra)}
    return found | (set(COSTS) if any(record.audit for record in records) else set())


def gated_metrics(names: Sequence[str] = (), margins: Sequence[str] = ()) -> list[GatedMetric]:
    """Parse `NAME` or `NAME:higher|lower`, and margins `VALUE`, `VALUE%` or either as `NAME=`.

    Scores of the core are higher-is-better and costs of the audit lower-is-better; a plugin's
    metric must say, because Records do not. A cost needs a margin of its own. Raises UserError.
    """
    chosen = dict(parse_metric(text) for text in names or (DEFAULT_METRIC,))
    own: dict[str, Margin] = {}
    common = _margin(DEFAULT_MARGIN)
    for text in margins:
        name, equals, value = text.rpartition("=")
        if not equals:
            common = _margin(value)
        elif name not in chosen:
            raise UserError(f"--margin {text}: '{name}' is not gated{nearest(name, chosen)}")
        else:
            own[name] = _margin(value)
    for name in chosen:
        if name in COSTS and name not in own:
            raise UserError(
                f"--metric {name}: is a cost and needs a margin of its own, as --margin {name}=20%"
            )
    return [
        GatedMetric(name=name, higher_is_better=higher, margin=own.get(name, common))
        for name, higher in chosen.items()
    ]


def parse_metric(text: str) -> tuple[str, bool]:
    """A metric's name and whether higher is better, from `NAME` or `NAME:higher|lower`."""
    name, colon, way = text.partition(":")
    known = True if _SCORES.fullmatch(name) else False if name in COSTS else None
    if not colon and known is not None:
        return name, known
    if way not in _WAYS:
        raise UserError(
            f"--metric {text}: say which way '{name}' is better, as {name}:higher or {name}:lower"
        )
    if known is not None and known != _WAYS[way]:
        raise UserError(f"--metric {text}: {'higher' if known else 'lower'} is better of '{name}'")
    return name, _WAYS[way]


def _margin(text: str) -> Margin:
    relative = text.endswith("%")
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0.0):
        raise UserError(f"--margin {text}: must be a number from 0 up, such as 0.01 or 5%")
    return Margin(value / 100 if relative else value, relative)


def _cost(audit: Audit, name: str) -> float | None:
    if name == "parameters":
        parts = audit.parameters
        return float(parts.trunk + parts.head + parts.objective)
    found: float | None = getattr(audit, name)
    return found
