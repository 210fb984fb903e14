"""What is gated: metrics, which way each is better, and how much worse it may become."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UserError, nearest
from harness.metrics import (
    METRICS,
    RANKED_BY,
    MetricFacts,
    cost_of,
    find_metric,
    known_metric,
    metric_facts,
    title_of,
)
from harness.record import Record, Told
from harness.results.belonging import told_alike

COSTS = tuple(name for name, facts in METRICS.items() if facts.kind == "cost")
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

    @property
    def counted(self) -> bool:
        """Whether it is a cost, which is a fact and no sample where it does not vary."""
        return self.name in COSTS

    def value(self, record: Record) -> float | None:
        """What a run measured; None where it has no finite such number."""
        if self.name in COSTS:
            found = None if record.audit is None else cost_of(record.audit, self.name)
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


def told_of(records: Sequence[Record]) -> dict[str, Told]:
    """What the Records say of plugins' metrics, and do not contradict each other on."""
    scores = [record.scores for record in records if record.scores is not None]
    return told_alike(score.told for score in scores)[0]


def gated_metrics(
    names: Sequence[str] = (), margins: Sequence[str] = (), records: Sequence[Record] = ()
) -> list[GatedMetric]:
    """Parse `NAME` or `NAME:higher|lower`, and margins `VALUE`, `VALUE%` or either as `NAME=`.

    A NAME may be a title; `records` are the baseline's. The catalogue knows which way a metric of
    the core is better, and its usual margin; a plugin's Records say, and where they are too old
    the command must. A cost needs a margin of its own. Raises UserError.
    """
    known = names_measured(records)
    told = told_of(records)
    chosen: dict[str, bool] = {}
    for text in names or (RANKED_BY,):
        facts, higher = parse_metric(text, known, told)
        chosen[facts.name] = higher
    own: dict[str, Margin] = {}
    common: Margin | None = None
    for text in margins:
        name, equals, value = text.rpartition("=")
        if not equals:
            common = parse_margin(value)
            continue
        name = next((n for n in chosen if title_of(n).casefold() == name.casefold()), name)
        if name not in chosen:
            raise UserError(f"--margin {text}: '{name}' is not gated{nearest(name, chosen)}")
        own[name] = parse_margin(value)
    return [
        GatedMetric(
            name=name, higher_is_better=higher, margin=own.get(name) or _usual(name, common)
        )
        for name, higher in chosen.items()
    ]


def _usual(name: str, common: Margin | None) -> Margin:
    """The margin of a metric that has none of its own; a common one is for scores."""
    usual = metric_facts(name).margin
    if usual is None:
        raise UserError(
            f"--metric {name}: is a cost and needs a margin of its own, as --margin {name}=20%"
        )
    return common or parse_margin(usual)


def parse_metric(
    text: str, known: Iterable[str] = (), told: Mapping[str, Told] | None = None
) -> tuple[MetricFacts, bool]:
    """A metric and whether higher is better, from `NAME` or `NAME:higher|lower`."""
    spoken, colon, way = text.rpartition(":")
    if not colon:
        spoken, way = text, ""
    if colon and way not in _WAYS:
        spoken = text.partition(":")[0]
    names = list(known)
    titles = {one.title.casefold(): name for name, one in METRICS.items()}
    name = titles.get(spoken.casefold(), spoken)
    if names and known_metric(name) is None:
        name = find_metric(spoken, names, where="--metric")
    facts = metric_facts(name, told)
    if (colon and way not in _WAYS) or (not colon and facts.higher_is_better is None):
        raise UserError(
            f"--metric {text}: say which way '{name}' is better, as {name}:higher or {name}:lower"
            f"{'' if name in names else nearest(name, METRICS)}"
        )
    if not colon:
        return facts, bool(facts.higher_is_better)
    if facts.higher_is_better not in (None, _WAYS[way]):
        raise UserError(f"--metric {text}: {facts.better} is better of '{name}'")
    return facts, _WAYS[way]


def parse_margin(text: str) -> Margin:
    """`VALUE` or `VALUE%`; UserError for anything else."""
    relative = text.endswith("%")
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0.0):
        raise UserError(f"--margin {text}: must be a number from 0 up, such as 0.01 or 5%")
    return Margin(value / 100 if relative else value, relative)
