"""Losses on a few unit vectors whose values were computed by hand."""

import math

import pytest
import torch

T4 = (0, 30, 90, 150)
M4 = (0, 40, 100, 130)
LABELS = [0, 0, 1, 1]
CLASS_WEIGHTS = (10, 120)


def weigh(objective, weights):
    """Put given class weights, float64 (C, D), in place of an objective's initial ones."""
    ((name, own),) = objective.named_parameters()
    own.data = weights.clone() if name.endswith("proxies") else weights.T.clone()
    return objective


@pytest.mark.parametrize(("neg_margin", "value"), [(1.0, 0.758819045), (1.5, 1.051712264)])
def test_contrastive_is_the_mean_over_violated_positives_plus_that_over_negatives(
    build, loss_on, at_angles, neg_margin, value
):
    objective = build("contrastive", {"pos_margin": 0.0, "neg_margin": neg_margin})
    assert loss_on(objective, at_angles(*T4), LABELS).item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(("margin", "value"), [(0.2, 0.2), (1.0, 0.423824433)])
def test_triplet_is_the_mean_over_violated_triplets(build, loss_on, at_angles, margin, value):
    objective = build("triplet", {"margin": margin})
    assert loss_on(objective, at_angles(*T4), LABELS).item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(("beta", "value"), [(1.2, 0.4), (0.6, 0.200839188), (0.9, 0.1)])
def test_margin_is_the_sum_over_the_count_of_active_terms(build, loss_on, at_angles, beta, value):
    objective = build("margin", {"margin": 0.2, "beta": beta})
    # beta is float32, hence the tolerance
    assert loss_on(objective, at_angles(*M4), LABELS).item() == pytest.approx(value, abs=1e-7)


@pytest.mark.parametrize(("beta", "slope"), [(1.2, 1.0), (0.6, -1.0), (0.9, 1.0)])
def test_the_boundary_of_margin_is_learned(build, loss_on, at_angles, beta, slope):
    objective = build("margin", {"margin": 0.2, "beta": beta})
    loss_on(objective, at_angles(*M4), LABELS).backward()
    (boundary,) = objective.parameters()
    assert boundary.grad.item() == pytest.approx(slope)


def test_margin_per_class_learns_one_boundary_a_class(build):
    (boundaries,) = build("margin-per-class", {"beta": 0.7}, classes=5).parameters()
    assert boundaries.tolist() == pytest.approx([0.7] * 5)


def test_multi_similarity_on_all_pairs(build, loss_on, at_angles):
    objective = build("multi-similarity", {"alpha": 2.0, "beta": 50.0, "base": 0.5})
    loss = loss_on(objective, at_angles(*T4), LABELS)
    assert loss.item() == pytest.approx(0.278384433, abs=1e-9)


def test_the_multi_similarity_miner_keeps_the_pairs_within_epsilon(build, at_angles):
    miner = build("multi-similarity-miner", {"epsilon": 0.6}).miner
    kept = [indices.tolist() for indices in miner(at_angles(*M4), torch.tensor(LABELS))]
    assert kept == [[1, 2], [0, 3], [1, 2], [2, 1]]


def test_a_batch_without_hard_pairs_has_a_zero_loss_with_a_gradient(build, loss_on, at_angles):
    objective = build("multi-similarity-miner", {"epsilon": 0.1})
    embeddings = at_angles(*M4).requires_grad_()
    loss = loss_on(objective, embeddings, LABELS)
    loss.backward()
    assert (loss.item(), embeddings.grad.abs().sum().item()) == (0.0, 0.0)


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


def test_fastap_of_a_perfect_ranking_is_zero(build, loss_on, at_angles):
    objective = build("fastap", {"num_bins": 10})
    loss = loss_on(objective, at_angles(0, 0, 180, 180), LABELS)
    assert loss.item() == pytest.approx(0.0, abs=1e-12)


def test_snr_distance_divides_by_the_variance_of_the_anchor(build, loss_on):
    objective = build(
        "snr-contrastive", {"pos_margin": 0.0, "neg_margin": 0.0, "regularizer_weight": 0.0}
    )
    anchor, positive = torch.tensor([0.6, 0.8]), torch.tensor([1.0, 0.0])
    noise = torch.var(anchor - positive)
    expected = (noise / torch.var(anchor) + noise / torch.var(positive)) / 2
    loss = loss_on(objective, torch.stack([anchor, positive]), [0, 0])
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
