"""The ladder loss on the matrix of its authors' example, and on batches."""

import pytest
import torch
from bench_methods.pairs.ladder_objective import rung

SIMILARITY = torch.tensor([[0.9, 0.6, 0.8], [0.5, 0.7, 0.1], [0.3, 0.2, 0.95]])
RELEVANCE = torch.tensor([[1.0, 0.7, 0.2], [0.7, 1.0, 0.1], [0.2, 0.1, 1.0]])


def both_ways(near, margin):
    rows = rung(SIMILARITY, near, ~near, margin)
    columns = rung(SIMILARITY.T, near.T, ~near.T, margin)
    return (rows.sum() + columns.sum()).item()


def test_the_rungs_of_the_example_by_hand():
    first = both_ways(torch.eye(3, dtype=torch.bool), 0.2)
    second = both_ways(RELEVANCE >= 0.63, 0.01)
    assert (first, second) == pytest.approx((0.25, 0.21))
    assert first + 0.25 * second == pytest.approx(0.3025)


def test_a_missing_negative_does_not_count_as_one_of_similarity_zero():
    similarity = torch.full((2, 2), -0.5)
    everything = torch.ones(2, 2, dtype=torch.bool)
    assert rung(similarity, everything, ~everything, 0.2).numel() == 0
    one_each = torch.eye(2, dtype=torch.bool)
    assert rung(similarity, one_each, ~one_each, 0.2).tolist() == pytest.approx([0.2, 0.2])


def test_binary_relevance_and_one_rung_are_the_hardest_triplets(build, loss_on, scattered):
    labels = torch.arange(4).repeat_interleave(3)
    embeddings = scattered(labels)
    same = labels[:, None] == labels
    objective = build("ladder", {"group_weight": 0.0, "class_margin": 0.2})
    loss = loss_on(objective, embeddings, labels, relevance=same.float())
    cosine = (embeddings @ embeddings.T).tolist()
    hinges = [
        max(
            0.0,
            0.2
            - min(cosine[a][p] for p in range(12) if p != a and same[a][p])
            + max(cosine[a][n] for n in range(12) if not same[a][n]),
        )
        for a in range(12)
    ]
    assert loss.item() == pytest.approx(sum(hinges) / 12)


def test_related_classes_are_drawn_nearer_than_unrelated_ones(build, loss_on, at_angles):
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    groups = torch.tensor([0, 0, 0, 0, 1, 1])
    relevance = torch.where(labels[:, None] == labels, 1.0, 0.5 * (groups[:, None] == groups))
    related_near, related_far = at_angles(0, 1, 40, 41, 120, 121), at_angles(0, 1, 90, 91, 40, 41)
    near, far = (
        loss_on(build("ladder"), x, labels, relevance) for x in (related_near, related_far)
    )
    assert near.item() == 0.0
    assert far.item() > 0.0


def test_a_batch_without_relevance_is_an_error_that_says_so(build, loss_on, at_angles):
    with pytest.raises(RuntimeError, match="graded relevance"):
        loss_on(build("ladder"), at_angles(0, 1), [0, 0])
