"""Directions and margins are data, and what is not known is asked for."""

from __future__ import annotations

import pytest

from harness.errors import UserError
from harness.gate.metrics import Margin, gated_metrics


def test_map_at_r_within_a_hundredth_is_the_default():
    (metric,) = gated_metrics()
    assert (metric.name, metric.higher_is_better) == ("map_at_r", True)
    assert metric.margin == Margin(0.01)


def test_costs_are_lower_is_better_and_have_a_margin_of_their_own():
    score, cost = gated_metrics(["nmi", "training_seconds"], ["0.02", "training_seconds=20%"])
    assert score.margin == Margin(0.02)
    assert not cost.higher_is_better
    assert cost.margin.of(50.0) == pytest.approx(10.0)


def test_a_plugins_metric_says_its_direction():
    higher, lower = gated_metrics(["purity:higher", "entropy:lower"])
    assert (higher.higher_is_better, lower.higher_is_better) == (True, False)


@pytest.mark.parametrize(
    ("metrics", "margins", "said"),
    [
        (["purity"], [], "say which way 'purity' is better"),
        (["purity:up"], [], "say which way"),
        (["map_at_r:lower"], [], "higher is better of 'map_at_r'"),
        (["training_seconds"], ["0.01"], "is a cost and needs a margin of its own"),
        ([], ["wide"], "must be a number from 0 up"),
        ([], ["-0.1"], "must be a number from 0 up"),
        ([], ["nan"], "must be a number from 0 up"),
        ([], ["map_at=0.1"], "'map_at' is not gated; did you mean 'map_at_r'"),
    ],
)
def test_what_cannot_be_gated_is_a_line(metrics, margins, said):
    with pytest.raises(UserError, match=said):
        gated_metrics(metrics, margins)
