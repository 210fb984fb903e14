"""Losses on a few unit vectors whose values were computed by hand."""

import math

import pytest

T4 = (0, 30, 90, 150)
LABELS = [0, 0, 1, 1]
CLASS_WEIGHTS = (10, 120)


def weigh(objective, weights):
    """Put given class weights, float64 (C, D), in place of an objective's initial ones."""
    ((name, own),) = objective.named_parameters()
    own.data = weights.clone() if name.endswith("proxies") else weights.T.clone()
    return objective


@pytest.mark.parametrize(("temperature", "value"), [(1.0, 0.279587615), (0.05, 2.44e-7)])
def test_normalized_softmax_with_given_weights(build, loss_on, at_angles, temperature, value):
    objective = build("normalized-softmax", {"temperature": temperature})
    weigh(objective, 3 * at_angles(*CLASS_WEIGHTS))
    loss = loss_on(objective, at_angles(*T4), LABELS)
    assert loss.item() == pytest.approx(value, abs=1e-9)


def test_proxy_nca_counts_the_own_proxy_in_the_denominator(build, loss_on, at_angles):
    objective = weigh(build("proxy-nca", {"softmax_scale": 1.0}), at_angles(*CLASS_WEIGHTS))
    loss = loss_on(objective, at_angles(*T4), LABELS)
    assert loss.item() == pytest.approx(0.113277843, abs=1e-9)


@pytest.mark.parametrize("name", ["cosface", "arcface"])
def test_a_margin_lowers_the_own_logit_before_scaling(build, loss_on, at_angles, name):
    margin = {"cosface": 0.3, "arcface": 20.0}[name]
    objective = build(name, {"margin": margin, "scale": 2.0})
    weigh(objective, at_angles(*CLASS_WEIGHTS))
    own, other = math.radians(50 - 10), math.radians(120 - 50)
    lowered = math.cos(own) - 0.3 if name == "cosface" else math.cos(own + math.radians(20))
    expected = math.log(1 + math.exp(2 * (math.cos(other) - lowered)))
    loss = loss_on(objective, at_angles(50), [0])
    assert loss.item() == pytest.approx(expected, abs=1e-9)
