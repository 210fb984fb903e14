"""What the authors' public code fixes and a paper leaves open: values by hand."""

import math

import pytest
import torch
from bench_methods.pairs.hyperbolic import hyperbolic_distances
from bench_methods.pairs.recall_at_k import recall_at_k_loss


def cos(degrees):
    return math.cos(math.radians(degrees))


def softplus(x):
    return math.log(1 + math.exp(x))


def test_an_anchor_without_a_semi_hard_negative_does_not_count(build, loss_on, at_angles):
    """A at 0 and 60 degrees, B at 30 and 50: cos 20 > cos 30 > cos 50 > cos 60.

    Both negatives of either A are more similar than its positive, at cos 60. B at 30 has both A at
    cos 30; of B at 50 the A at 60 is nearer than its positive, at cos 20, so the A at 0 counts.
    """
    objective = build("easy-positive", {"temperature": 0.5})
    loss = loss_on(objective, at_angles(0, 60, 30, 50), [0, 0, 1, 1])
    expected = softplus((cos(30) - cos(20)) / 0.5) + softplus((cos(50) - cos(20)) / 0.5)
    assert loss.item() == pytest.approx(expected / 2)


def test_an_anchor_of_cosines_below_zero_does_not_count(build, loss_on, at_angles):
    """A at 0 and 100 degrees, their cosine below 0; B at 110 and 120.

    Of B at 110 the A at 100 is as near as its positive, at cos 10; of B at 120 it is at cos 20.
    """
    objective = build("easy-positive", {"temperature": 0.5})
    loss = loss_on(objective, at_angles(0, 100, 110, 120), [0, 0, 1, 1])
    expected = softplus(0.0) + softplus((cos(20) - cos(10)) / 0.5)
    assert loss.item() == pytest.approx(expected / 2, abs=1e-6)


def test_no_more_than_k_are_found_among_k(at_angles):
    """Six of one class at so high a temperature that each of five positives is found by half.

    2.5 are found: 1 of 1 at k = 1, 2 of 2 at 2, 2.5 of 4 at 4, 2.5 of 5 at 8 and 16; the mean of
    1, 1, .625, .5 and .5 is .725.
    """
    loss = recall_at_k_loss(
        at_angles(0, 10, 20, 30, 40, 50),
        torch.zeros(6, dtype=torch.long),
        temperature=1e9,
        rank_temperature=0.01,
        mix=False,
    )
    assert loss.item() == pytest.approx(1 - 0.725)


def test_a_hyperbolic_distance_orders_as_the_cosine_and_is_that_of_a_line_through_0(at_angles):
    """Opposite points at radius r of the tangent space are 2 r from 0 each, so 4 r apart."""
    found = hyperbolic_distances(at_angles(0, 10, 60, 180), curvature=0.1, radius=2.3)[0]
    assert found[0] == 0.0
    assert found[3].item() == pytest.approx(4 * 2.3)
    assert found.tolist() == sorted(found.tolist())


def test_distances_to_themselves_are_among_those_that_give_the_moments(build, loss_on):
    """Two of one class, 2 apart: of the distances 0, 2, 2, 0 the mean is 1, the variance 4 / 3.

    Standardised, 2 is 1 / sqrt(4 / 3), nearest to level 0 of -3, 0 and 3, whose squares sum to 18.
    No triplets.
    """
    points = torch.tensor([[0.0, 0.0], [2.0, 0.0]], dtype=torch.float64)
    loss = loss_on(build("distance-levels", {"weight": 0.6}), points, [0, 0])
    assert loss.item() == pytest.approx(0.6 / math.sqrt(4 / 3) + 0.01 * 18)


@pytest.mark.parametrize(
    ("proxies", "labels", "determinant"),
    [((0, 90), [0, 1], 9), ((0, 0), [0, 1], 5), ((0, 90), [1], 2)],
)
def test_proxies_that_collapse_cost_by_one_over_the_root_of_a_determinant(
    build, loss_on, at_angles, proxies, labels, determinant
):
    """Of I + N / (D / 2) XX' of the N proxies in the batch, D = 2.

    Two orthogonal ones: I + 2 I, 9. Two alike: eigenvalues 1 + 2 x 2 and 1, 5. One: 1 + 1, 2.
    """
    values = []
    for weight in (1.0, 3.0):
        objective = build("anti-collapse", {"weight": weight, "precision": 0.5})
        objective.loss.vectors.data = at_angles(*proxies)
        values.append(loss_on(objective, at_angles(20, 70)[: len(labels)], labels).item())
    assert values[1] - values[0] == pytest.approx(2 / math.sqrt(determinant))


def test_the_group_loss_is_over_all_samples_and_beside_that_of_the_classifier(build, loss_on):
    """An untrained classifier of two classes: shares of 1/2, and an entropy of log 2.

    Centred, (1, 0) and (2, 1) are (1, -1) / 2, correlated by 1; (0, 1) is (-1, 1) / 2, by -1, so
    0. The second sample's support is (1, 0) of its anchor and (1/2, 1/2) of its own: its shares
    become (1/2 x 3/2, 1/2 x 1/2) = (3, 1) / 4. Both anchors have loss 0 and count among the three.
    """
    objective = build("group-loss", {"rounds": 1, "temperature": 1.0})
    for own in objective.parameters():
        own.data.zero_()
    rows = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    loss = loss_on(objective, rows, [0, 0, 1])
    assert loss.item() == pytest.approx(-math.log(3 / 4) / 3 + math.log(2))
