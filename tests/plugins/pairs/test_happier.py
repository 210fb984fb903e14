"""HAPPIER against its definition in loops, and what binary relevance makes of it."""

import numpy as np
import pytest
import torch
from bench_methods.pairs.happier_objective import hierarchical_ranking

LABELS = np.array([0, 0, 1, 1, 2, 2, 2, 3])
# Classes 0 and 1 are of one group, 2 and 3 of another.
GROUPS = LABELS // 2
RELEVANCE = np.where(LABELS[:, None] == LABELS, 1.0, 0.5 * (GROUPS[:, None] == GROUPS))
POINT = {"temperature": 0.2, "slope": 3.0, "start": 0.05}


def bound(t, *, temperature, slope, start):
    soft = 1 / (1 + np.exp(-t / temperature))
    if t <= 0:
        return soft
    if t <= start:
        return soft + 0.5
    return slope * (t - start) + 1 / (1 + np.exp(-start / temperature)) + 0.5


def ranking(s, relevance):
    losses = []
    rows = range(len(s))
    for q in rows:
        rel = {k: relevance[q][k] for k in rows if k != q}
        if not any(rel.values()):
            continue
        gained = 0.0
        for k in (k for k in rel if rel[k] > 0):
            hrank, rank = rel[k], 1.0
            for j in (j for j in rel if j != k):
                ahead = s[q][j] - s[q][k]
                hrank += min(rel[k], rel[j]) * (ahead > 0)
                rank += bound(ahead, **POINT) if rel[j] < rel[k] else ahead > 0
            gained += hrank / rank
        losses.append(1 - gained / sum(rel.values()))
    return sum(losses) / len(losses)


def loss(x, vectors):
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    w = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = u @ w.T / 0.5
    hit = logits[np.arange(len(u)), LABELS]
    told = np.mean(np.log(np.exp(logits).sum(axis=1)) - hit)
    return 0.7 * ranking(u @ u.T, RELEVANCE) + 0.3 * told


def test_value_and_gradient_are_those_of_the_definition(build, loss_on, scattered):
    point = {**POINT, "clustering": 0.3, "softmax_temperature": 0.5}
    objective = build("happier", point, classes=4, embedding_size=5).double()
    embeddings = scattered(LABELS).requires_grad_()
    value = loss_on(objective, embeddings, LABELS, relevance=torch.from_numpy(RELEVANCE))
    value.backward()
    rows, vectors = embeddings.detach().numpy(), objective.vectors.detach().numpy()
    assert value.item() == pytest.approx(loss(rows, vectors))
    for place in ((0, 1), (3, 2), (6, 4)):
        step = np.zeros_like(rows)
        step[place] = 1e-6
        expected = (loss(rows + step, vectors) - loss(rows - step, vectors)) / 2e-6
        assert embeddings.grad[place].item() == pytest.approx(expected, rel=1e-4, abs=1e-8)
        step = np.zeros_like(vectors)
        step[place[0] % 4, place[1]] = 1e-6
        expected = (loss(rows, vectors + step) - loss(rows, vectors - step)) / 2e-6
        slope = objective.vectors.grad[place[0] % 4, place[1]].item()
        assert slope == pytest.approx(expected, rel=1e-4, abs=1e-8)


def test_with_binary_relevance_it_is_the_ranking_of_roadmap(build, loss_on, scattered):
    embeddings = scattered(LABELS)
    binary = torch.from_numpy((LABELS[:, None] == LABELS).astype(float))
    ours = hierarchical_ranking(embeddings @ embeddings.T, binary, **POINT)
    theirs = loss_on(build("roadmap", {**POINT, "calibration": 0.0}), embeddings, LABELS)
    assert ours.item() == pytest.approx(theirs.item())


def test_a_related_class_that_falls_behind_an_unrelated_one_costs(at_angles):
    near, far = at_angles(0, 5, 30, 60), at_angles(0, 5, 60, 30)
    relevance = torch.tensor([[1, 1, 0.5, 0]] * 2 + [[0.5, 0.5, 1, 0], [0, 0, 0, 1]]).double()
    losses = [hierarchical_ranking(x @ x.T, relevance, **POINT).item() for x in (near, far)]
    assert losses[0] < losses[1]
