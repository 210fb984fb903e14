"""Where losses on pairs and tuples end: at nought, at their margin, at a simpler loss."""

import math

import pytest
import torch

LABELS = [0, 0, 1, 1]
MET = (0, 0, 180, 180)

SATISFIED = {
    "contrastive": {"pos_margin": 0.0, "neg_margin": 1.0},
    "contrastive-squared": {"margin": 1.0},
    "triplet": {"margin": 1.0},
    "triplet-squared": {"margin": 1.0},
    "margin": {"margin": 0.2, "beta": 1.2},
    "ranked-list": {"margin": 0.4, "alpha": 1.2},
    "qwise": {"margin": 1.0},
    "generalized-lifted-structure": {"neg_margin": 0.0},
}


@pytest.mark.parametrize("name", SATISFIED)
def test_a_loss_whose_margins_are_kept_is_zero(build, loss_on, at_angles, name):
    loss = loss_on(build(name, SATISFIED[name]), at_angles(*MET), LABELS)
    assert loss.item() == 0.0


@pytest.mark.parametrize("name", SATISFIED)
@pytest.mark.parametrize("angles", [(0, 170, 180, 350), (0, 0, 2, 2)], ids=["far", "near"])
def test_a_loss_whose_margins_are_not_kept_is_not(build, loss_on, at_angles, name, angles):
    loss = loss_on(build(name, SATISFIED[name]), at_angles(*angles), LABELS)
    assert loss.item() > 0.0


@pytest.mark.parametrize(
    "name", ["triplet", "triplet-squared", "triplet-batch-hard", "triplet-facenet-semihard"]
)
def test_embeddings_that_all_coincide_cost_a_triplet_its_margin(build, loss_on, at_angles, name):
    loss = loss_on(build(name, {"margin": 0.37}), at_angles(50, 50, 50, 50), LABELS)
    assert loss.item() == pytest.approx(0.37)


def test_n_pair_of_two_classes_is_the_softplus_of_two_dot_products(build, loss_on, at_angles):
    embeddings = 2 * at_angles(0, 30, 90, 150)
    loss = loss_on(build("n-pair", {"l2": 1e-4, "scale": 1.0}), embeddings, LABELS)
    dots = (embeddings @ embeddings.T).tolist()
    expected = math.log1p(math.exp(dots[0][3] - dots[0][1]))
    expected += math.log1p(math.exp(dots[2][1] - dots[2][3]))
    norms = 1e-4 / 4 * (4 + 4)
    assert loss.item() == pytest.approx(expected / 2 + norms)


def test_lifted_structure_is_no_less_than_its_hinge_on_the_hardest_negative(
    build, loss_on, scattered
):
    labels = torch.arange(4).repeat_interleave(3)
    embeddings = scattered(labels)
    distance = torch.cdist(embeddings, embeddings)
    same = labels[:, None] == labels
    nearest = distance.masked_fill(same, torch.inf).amin(dim=1)
    hardest = torch.minimum(nearest[:, None], nearest)
    hinges = (distance + 1.0 - hardest)[same & ~torch.eye(12, dtype=torch.bool)].clamp_min(0)
    bound = (hinges**2 / 2).mean().item()
    assert loss_on(build("lifted-structure", {"neg_margin": 1.0}), embeddings, labels) > bound > 0
