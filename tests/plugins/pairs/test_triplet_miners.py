"""Which triplets each miner picks, by hand, and how often."""

import math

import pytest
import torch
from bench_methods.pairs.triplet_miners import DistanceWeightedMiner, FaceNetSemihardMiner

M4 = (0, 40, 100, 130)
H4 = (0, 60, 40, 130)
LABELS = torch.tensor([0, 0, 1, 1])


def mined(miner, embeddings, labels=LABELS):
    return sorted(zip(*(rows.tolist() for rows in miner(embeddings, labels)), strict=True))


@pytest.mark.parametrize(
    ("name", "angles", "margin", "expected"),
    [
        ("triplet-hard", H4, 0.2, [(0, 1, 2), (1, 0, 2), (2, 3, 0), (2, 3, 1), (3, 2, 1)]),
        ("triplet-hard", M4, 0.2, []),
        ("triplet-semihard", H4, 0.2, [(1, 0, 3)]),
        ("triplet-semihard", M4, 0.2, []),
        ("triplet-batch-hard", H4, 0.2, [(0, 1, 2), (1, 0, 2), (2, 3, 1), (3, 2, 1)]),
        ("triplet-facenet-semihard", M4, 0.2, [(0, 1, 2), (1, 0, 2), (2, 3, 1), (3, 2, 1)]),
        ("triplet-facenet-semihard", H4, 0.2, [(0, 1, 3), (1, 0, 3), (2, 3, 0), (3, 2, 0)]),
    ],
)
def test_a_miner_picks_the_triplets_found_by_hand(build, at_angles, name, angles, margin, expected):
    assert mined(build(name, {"margin": margin}).miner, at_angles(*angles)) == expected


def test_semihard_finds_five_triplets_within_a_wide_margin(build, at_angles):
    miner = build("triplet-semihard", {"margin": 0.9}).miner
    assert len(mined(miner, at_angles(*M4))) == 5


def test_a_negative_as_far_as_the_positive_is_hard_but_not_semihard(build, at_angles):
    # Sample 0 is at the same distance from 1, of its class, and from 2.
    embeddings, labels = at_angles(0, 40, -40), torch.tensor([0, 0, 1])
    hard, semihard = (build(f"triplet-{kind}").miner for kind in ("hard", "semihard"))
    assert (0, 1, 2) in mined(hard, embeddings, labels)
    assert (0, 1, 2) not in mined(semihard, embeddings, labels)
    # FaceNet's must have one, and has no other.
    assert (0, 1, 2) in mined(FaceNetSemihardMiner(), embeddings, labels)


def test_facenet_semihard_is_the_mean_of_squared_hinges_over_positive_pairs(
    build, loss_on, at_angles
):
    loss = loss_on(build("triplet-facenet-semihard", {"margin": 0.2}), at_angles(*H4), LABELS)
    near_and_far = [(60, 130), (60, 70), (90, 40), (90, 130)]
    squares = [[2 - 2 * math.cos(math.radians(a)) for a in pair] for pair in near_and_far]
    expected = sum(max(0.0, near - far + 0.2) for near, far in squares) / 4
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("dimension", "distance", "weight"),
    [
        (3, 0.5, 0.693147),
        (3, 1.0, 0.0),
        (128, 0.5, 91.370),
        (128, 1.0, 17.980),
        (128, 1.2, 4.920),
        (128, 1.4, -0.311),
    ],
)
def test_the_weight_of_a_distance_is_the_inverse_of_its_density(dimension, distance, weight):
    miner = DistanceWeightedMiner(0.5, 1.4)
    found = miner.log_weights(torch.tensor(distance, dtype=torch.float64), dimension)
    assert found.item() == pytest.approx(weight, abs=1e-3)


def test_distances_below_the_cutoff_weigh_as_much_as_the_cutoff():
    weights = DistanceWeightedMiner(0.5, 1.4).log_weights(torch.tensor([0.0, 0.1, 0.5]), 64)
    assert weights.unique().numel() == 1


def test_negatives_are_drawn_as_often_as_their_weights_say():
    torch.manual_seed(0)
    # In three dimensions the weight is 1/d. Half of the rows are anchors at the north pole.
    near, far = math.radians(40), math.radians(80)
    rows = [[0.0, 0.0, 1.0]] * 40
    rows += [[math.sin(near), 0.0, math.cos(near)], [math.sin(far), 0.0, math.cos(far)]]
    labels = torch.tensor([0] * 40 + [1, 2])
    _, _, drawn = DistanceWeightedMiner(0.5, 1.4)(torch.tensor(rows), labels)
    weights = [1 / (2 * math.sin(angle / 2)) for angle in (near, far)]
    share = (drawn == 40).double().mean().item()
    # 1,560 draws: four standard deviations are 0.05.
    assert share == pytest.approx(weights[0] / sum(weights), abs=0.05)


def test_negatives_too_far_to_matter_are_never_drawn(at_angles):
    miner = DistanceWeightedMiner(0.5, 1.4)
    triplets = mined(miner, at_angles(0, 1, 60, 170), torch.tensor([0, 0, 1, 2]))
    assert {negative for _, _, negative in triplets} == {2}


@pytest.mark.parametrize(
    ("name", "angles"),
    [
        ("triplet-hard", M4),
        ("triplet-semihard", M4),
        ("triplet-distance-weighted", (0, 1, 180, 181)),
        ("margin-distance-weighted", (0, 1, 180, 181)),
        ("multi-similarity-miner", M4),
    ],
)
def test_a_miner_that_finds_nothing_gives_a_zero_loss_with_a_zero_gradient(
    build, loss_on, at_angles, name, angles
):
    point = {"epsilon": 0.1} if name == "multi-similarity-miner" else {"margin": 0.2}
    embeddings = at_angles(*angles).requires_grad_()
    loss = loss_on(build(name, point), embeddings, LABELS)
    loss.backward()
    assert (loss.item(), embeddings.grad.abs().sum().item()) == (0.0, 0.0)


def test_the_multi_similarity_miner_keeps_the_pairs_within_epsilon(build, at_angles):
    miner = build("multi-similarity-miner", {"epsilon": 0.6}).miner
    kept = [indices.tolist() for indices in miner(at_angles(*M4), LABELS)]
    assert kept == [[1, 2], [0, 3], [1, 2], [2, 1]]
