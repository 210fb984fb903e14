"""The hyperparameters that semi-supervised methods share, and their metric losses.

A metric loss is a plain method at its own defaults, so that alpha = 0 is that method bit for bit;
the triplet loss, the default, has its margin tuned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from bench_methods.generative.schedule import SCHEDULES
from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.pairs.triplet import triplet
from bench_methods.proxies.center import center_loss
from bench_methods.proxies.softmax import normalized_softmax
from harness import Choice, Float

if TYPE_CHECKING:
    from harness import Context, Objective, Range, Value

PLAIN = {"triplet": triplet, "softmax": normalized_softmax, "center": center_loss}

MARGIN = triplet.space["margin"]


def semi_supervised_space(schedule: str) -> dict[str, Range]:
    """Weight of the unsupervised term, schedule, metric loss, margin, and the rate of its own."""
    return {
        "alpha": Float(0.0, 1.0, default=0.5),
        "schedule": Choice(SCHEDULES, default=schedule),
        "metric_loss": Choice(tuple(PLAIN), default="triplet"),
        "margin": MARGIN,
        "objective_rate": OBJECTIVE_RATE,
    }


def build_plain(point: Mapping[str, Value], context: Context) -> Objective:
    """The plain method that `metric_loss` names, at its defaults but for a triplet's margin."""
    name = cast(str, point["metric_loss"])
    margin = {"margin": point["margin"]} if name == "triplet" else {}
    return PLAIN[name].objective(PLAIN[name].point(margin), context)
