"""PDDM's unit by hand, and the quadruplet that its loss is made of."""

import math

import pytest
import torch
from bench_methods.pairs.pddm_loss import PDDMLoss, PDDMUnit

LABELS = torch.tensor([0, 0, 0, 1, 1, 2])


def identity_unit():
    unit = PDDMUnit(2, 2, 4)
    for layer in (unit.difference, unit.mean, unit.merge):
        layer.weight.data = torch.eye(layer.out_features)
        layer.bias.data.zero_()
    unit.score.weight.data.fill_(1.0)
    return unit


def random_loss(anchors="all"):
    torch.manual_seed(0)
    unit = PDDMUnit(5, 6, 6).double()
    return PDDMLoss(unit, alpha=0.5, beta=1.0, distance_weight=0.5, anchors=anchors)


def test_the_unit_with_identity_weights_by_hand():
    merged = identity_unit().merged(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    assert merged.tolist() == pytest.approx([1 / math.sqrt(2)] * 4)


def test_similarity_is_symmetric(scattered):
    unit, embeddings = random_loss().unit, scattered(LABELS)
    similarity = unit(embeddings[:, None], embeddings)
    torch.testing.assert_close(similarity, similarity.T)


def test_each_anchor_has_the_quadruplet_that_is_hardest_by_the_unit(scattered):
    loss, embeddings = random_loss(), scattered(LABELS)
    similarity = loss.unit(embeddings[:, None], embeddings).tolist()

    def nearest_negative(row):
        others = [n for n in range(6) if LABELS[n] != LABELS[row]]
        return max(others, key=lambda n: similarity[row][n])

    expected = []
    for i in range(5):
        positives = [p for p in range(6) if p != i and LABELS[p] == LABELS[i]]
        j = min(positives, key=lambda p: similarity[i][p])
        expected.append([i, j, nearest_negative(i), nearest_negative(j)])
    assert loss.quadruplets(embeddings, LABELS).T.tolist() == expected


def test_the_worst_anchor_is_that_of_the_least_similar_positive_pair(scattered):
    loss, embeddings = random_loss("worst"), scattered(LABELS)
    similarity = loss.unit(embeddings[:, None], embeddings).tolist()
    ((i, j, _, _),) = loss.quadruplets(embeddings, LABELS).T.tolist()
    pairs = [(a, b) for a in range(6) for b in range(6) if a != b and LABELS[a] == LABELS[b]]
    assert similarity[i][j] == min(similarity[a][b] for a, b in pairs)
    everything = random_loss().quadruplets(embeddings, LABELS).T.tolist()
    assert loss.quadruplets(embeddings, LABELS).T.tolist()[0] in everything


@pytest.mark.parametrize("anchors", ["all", "worst"])
def test_the_loss_is_two_hinges_on_similarities_and_two_on_distances(scattered, anchors):
    loss, embeddings = random_loss(anchors), scattered(LABELS)
    values = []
    for i, j, k, n in loss.quadruplets(embeddings, LABELS).T.tolist():
        pairs = [(i, j), (i, k), (j, n)]
        similarity = [loss.unit(embeddings[a], embeddings[b]).item() for a, b in pairs]
        distance = [math.dist(embeddings[a].tolist(), embeddings[b].tolist()) for a, b in pairs]
        values.append(
            sum(
                max(0.0, similarity[m] - similarity[0] + 0.5)
                + 0.5 * max(0.0, distance[0] + 1.0 - distance[m])
                for m in (1, 2)
            )
        )
    assert loss(embeddings, LABELS).item() == pytest.approx(sum(values) / len(values))
