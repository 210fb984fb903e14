"""Losses on a few unit vectors whose values were computed by hand or by independent loops."""

import math

import pytest
import torch

T4 = (0, 30, 90, 150)
T6 = (0, 30, 90, 150, 200, 260)
M4 = (0, 40, 100, 130)
H4 = (0, 60, 40, 130)
LABELS = [0, 0, 1, 1]

VALUES = [
    ("contrastive", {"pos_margin": 0.0, "neg_margin": 1.0}, T4, 0.758819045),
    ("contrastive", {"pos_margin": 0.0, "neg_margin": 1.5}, T4, 1.051712264),
    ("contrastive-squared", {"margin": 1.5}, T4, 0.254218084),
    ("triplet", {"margin": 0.2}, T4, 0.2),
    ("triplet", {"margin": 1.0}, T4, 0.423824433),
    ("triplet", {"margin": 0.2}, H4, 0.680944),
    ("triplet-squared", {"margin": 1.0}, T4, 0.158493649),
    ("triplet-batch-hard", {"margin": 0.2}, H4, 0.775660),
    ("qwise", {"margin": 0.5}, T4, 0.0625),
    ("n-pair", {"l2": 1e-4, "scale": 1.0}, T4, 0.428074531),
    ("angular", {"angle": 40.0}, T4, 0.187525635),
    ("lifted-structure", {"neg_margin": 1.0, "scale": 1.0}, T4, 1.455869332),
    ("generalized-lifted-structure", {"neg_margin": 1.0, "scale": 1.0}, T4, 0.963673703),
    ("histogram", {"bins": 4}, T4, 0.158493649),
    ("multi-similarity", {"alpha": 2.0, "beta": 50.0, "base": 0.5}, T4, 0.278384433),
]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: case[0])
def test_a_loss_has_its_value_by_hand(build, loss_on, at_angles, case):
    name, point, angles, value = case
    digits = len(str(value).split(".")[1])
    loss = loss_on(build(name, point), at_angles(*angles), LABELS)
    assert loss.item() == pytest.approx(value, abs=10.0**-digits)


@pytest.mark.parametrize(("power", "value"), [(1, 0.355172710), (2, 0.206089519)])
def test_quadruplet_is_the_mean_over_all_quadruplets(build, loss_on, at_angles, power, value):
    objective = build("quadruplet", {"margin_1": 1.0, "margin_2": 0.5, "power": power})
    loss = loss_on(objective, at_angles(*T6), [0, 0, 1, 1, 2, 2])
    assert loss.item() == pytest.approx(value, abs=1e-9)


def test_n_pair_takes_the_length_of_embeddings_into_account(build, loss_on, at_angles):
    loss = loss_on(build("n-pair", {"l2": 1e-4, "scale": 1.0}), 3 * at_angles(*T4), LABELS)
    assert loss.item() == pytest.approx(0.346573675 + 1e-4 * (9 + 9) / 4, abs=1e-9)


@pytest.mark.parametrize("name", ["lifted-structure", "generalized-lifted-structure"])
def test_a_scale_is_the_radius_of_the_sphere(build, loss_on, at_angles, name):
    scaled, plain = (build(name, {"scale": scale}) for scale in (3.0, 1.0))
    wide = loss_on(plain, 3 * at_angles(*T4), LABELS)
    assert loss_on(scaled, at_angles(*T4), LABELS).item() == pytest.approx(wide.item())


def test_the_scale_of_n_pair_is_that_of_the_dot_products(build, loss_on, at_angles):
    scaled, plain = (build("n-pair", {"l2": 1e-4, "scale": scale}) for scale in (9.0, 1.0))
    wide = loss_on(plain, 3 * at_angles(*T4), LABELS).item() - 1e-4 * (9 + 9) / 4
    found = loss_on(scaled, at_angles(*T4), LABELS).item() - 1e-4 * (1 + 1) / 4
    assert found == pytest.approx(wide)


def test_n_pair_adds_a_quarter_of_both_mean_squared_norms(build, loss_on, at_angles):
    with_l2, without = (build("n-pair", {"l2": l2}) for l2 in (0.1001, 1e-4))
    added = loss_on(with_l2, 3 * at_angles(*T4), LABELS) - loss_on(
        without, 3 * at_angles(*T4), LABELS
    )
    assert added.item() == pytest.approx(0.1 * (9 + 9) / 4)


def test_ranked_list_by_hand(build, loss_on, at_angles):
    point = {"margin": 0.4, "alpha": 1.2, "temperature": 1.0, "imbalance": 0.5}
    loss = loss_on(build("ranked-list", point), at_angles(*T4), LABELS)
    # The library adds 1e-5 to each denominator.
    assert loss.item() == pytest.approx(0.1, abs=1e-4)


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


def test_siamese_squares_the_distance_of_one_class_and_the_hinge_of_two(build, loss_on, at_angles):
    loss = loss_on(build("siamese", {"margin": 1.5}), at_angles(*T4), [0, 0, 1, 2])
    near = 2 - 2 * math.cos(math.radians(30))
    assert loss.item() == pytest.approx((near + (1.5 - 1.0) ** 2) / 2)


def test_siamese_vector_is_binary_cross_entropy_of_one_unit(build, loss_on, at_angles):
    objective = build("siamese-vector").double()
    dense = objective.loss.dense
    dense.weight.data.zero_()
    dense.bias.data.fill_(2.0)
    loss = loss_on(objective, at_angles(*T4, *T4), [0, 0, 1, 2, 3, 3, 4, 5])
    # Half of the pairs are of one class.
    assert loss.item() == pytest.approx((math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2)


def test_siamese_vector_has_the_parameters_of_the_papers_table(build):
    # 1,829,585 of the Siamese network less 1,829,284 of the embedding network, 100 wide
    objective = build("siamese-vector", embedding_size=100)
    assert sum(weights.numel() for weights in objective.parameters()) == 1_829_585 - 1_829_284
