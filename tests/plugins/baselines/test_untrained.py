"""Baselines that do not train."""

import pytest


@pytest.mark.parametrize(("name", "weights"), [("untrained", "any"), ("pretrained", "pretrained")])
def test_a_baseline_scores_the_weights_it_is_given(named, name, weights):
    method = named[name]
    assert (method.trained, method.weights, dict(method.space)) == (False, weights, {})


@pytest.mark.parametrize("name", ["untrained", "pretrained"])
def test_a_baseline_has_no_objective(build, name):
    with pytest.raises(RuntimeError, match="no objective"):
        build(name)
