"""Losses on pairs since 2020 against their papers' definitions, written as loops in numpy."""

import math

import numpy as np
import pytest
import torch
from bench_methods.pairs.contextual import SLOPE

# Uneven classes; the last has a lone sample.
LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
ROWS = range(len(LABELS))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def positives(labels, q):
    return [p for p in range(len(labels)) if p != q and labels[p] == labels[q]]


def negatives(labels, q):
    return [n for n in range(len(labels)) if labels[n] != labels[q]]


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def easy_positive(x, _, temperature):
    s = unit(x) @ unit(x).T
    losses = []
    for a in ROWS:
        if positives(LABELS, a):
            near = max(s[a][p] for p in positives(LABELS, a))
            hard = max((s[a][n] for n in negatives(LABELS, a) if s[a][n] <= near), default=-1.0)
            if near > 0 and hard > 0:
                losses.append(math.log(1 + math.exp((hard - near) / temperature)))
    return mean(losses)


def recall_at_k(x, _, temperature, rank_temperature, mix):
    u, labels = unit(x), LABELS
    if mix:
        pairs = [(i, j) for i in ROWS for j in ROWS if i < j and labels[i] == labels[j]]
        u = np.concatenate([u, [0.25 * u[i] + 0.75 * u[j] for i, j in pairs]])
        labels = np.concatenate([labels, [labels[i] for i, _ in pairs]])
    s = u @ u.T
    losses = []
    for q in range(len(labels)):
        own = positives(labels, q)
        if not own:
            continue
        others = [z for z in range(len(labels)) if z != q]
        rank = {
            p: 1 + sum(sigmoid((s[q][z] - s[q][p]) / rank_temperature) for z in others if z != p)
            for p in own
        }
        recalls = [
            min(k, sum(sigmoid((k - rank[p]) / temperature) for p in own)) / min(k, len(own))
            for k in (1, 2, 4, 8, 16)
        ]
        losses.append(1 - mean(recalls))
    return mean(losses)


def roadmap(x, _, *, temperature, slope, start, pos_margin, neg_margin, calibration):
    s = unit(x) @ unit(x).T

    def bound(t):
        if t <= 0:
            return sigmoid(t / temperature)
        if t <= start:
            return sigmoid(t / temperature) + 0.5
        return slope * (t - start) + sigmoid(start / temperature) + 0.5

    losses, low, high = [], [], []
    for q in ROWS:
        own, other = positives(LABELS, q), negatives(LABELS, q)
        low += [pos_margin - s[q][p] for p in own if s[q][p] < pos_margin]
        high += [s[q][n] - neg_margin for n in other if s[q][n] > neg_margin]
        if own:
            precisions = []
            for p in own:
                before = 1 + sum(s[q][z] > s[q][p] for z in own if z != p)
                wrong = sum(bound(s[q][n] - s[q][p]) for n in other)
                precisions.append(before / (before + wrong))
            losses.append(1 - mean(precisions))
    return (1 - calibration) * mean(losses) + calibration * (mean(low) + mean(high))


def metrix(x, _, *, alpha, beta, base, mix_weight, concentration):
    u = unit(x)
    clean, mixed = [], []
    for a in ROWS:
        own, other = positives(LABELS, a), negatives(LABELS, a)
        if not own:
            continue
        near = sum(math.exp(-alpha * (u[a] @ u[p] - base)) for p in own)
        far = sum(math.exp(beta * (u[a] @ u[n] - base)) for n in other)
        clean.append(math.log(1 + near) / alpha + math.log(1 + far) / beta)
        near = far = 0.0
        for p in own:
            for n in other:
                between = 0.25 * u[p] + 0.75 * u[n]
                s = u[a] @ between / np.linalg.norm(between)
                near += 0.25 * math.exp(-alpha * (s - base))
                far += 0.75 * math.exp(beta * (s - base))
        mixed.append(math.log(1 + near) / alpha + math.log(1 + far) / beta)
    return mean(clean) + mix_weight * mean(mixed)


def distance_levels(x, own, margin, weight):
    d = np.array([[math.dist(a, b) for b in x] for a in x])
    hinges = [
        d[a][p] - d[a][n] + margin
        for a in ROWS
        for p in positives(LABELS, a)
        for n in negatives(LABELS, a)
    ]
    pairs = [d[i][j] for i in ROWS for j in ROWS if i != j]
    # The moments have no gradient: those of the points as they were given.
    center, deviation = MOMENTS
    level = mean(min(abs((v - center) / deviation - r) for r in own["levels"]) for v in pairs)
    return mean(h for h in hinges if h > 0) + weight * level + 0.01 * sum(own["levels"] ** 2)


def moebius_distance(x, y, c):
    x = -x
    top = (1 + 2 * c * (x @ y) + c * (y @ y)) * x + (1 - c * (x @ x)) * y
    added = top / (1 + 2 * c * (x @ y) + c**2 * (x @ x) * (y @ y))
    return 2 / math.sqrt(c) * math.atanh(math.sqrt(c) * np.linalg.norm(added))


def hyperbolic(x, _, temperature, curvature, radius):
    """Through the ball itself: the exponential map at 0 and Moebius addition."""
    root = math.sqrt(curvature)
    ball = math.tanh(root * radius) / root * unit(x)
    near = [
        [math.exp(-moebius_distance(a, b, curvature) / temperature) for b in ball] for a in ball
    ]
    return mean(
        -math.log(near[a][p] / (near[a][p] + sum(near[a][n] for n in negatives(LABELS, a))))
        for a in ROWS
        for p in positives(LABELS, a)
    )


MOMENTS = (0.0, 1.0)
FORMULAS = {
    "easy-positive": easy_positive,
    "recall-at-k": recall_at_k,
    "roadmap": roadmap,
    "metrix": metrix,
    "hyperbolic": hyperbolic,
    "distance-levels": distance_levels,
}
POINTS = {
    "recall-at-k": {"rank_temperature": 0.2},
    "roadmap": {"temperature": 0.2, "slope": 3.0},
    "metrix": {"alpha": 2.0, "beta": 5.0},
}


@pytest.mark.parametrize(
    ("name", "point"),
    [*((name, POINTS.get(name, {})) for name in FORMULAS), ("recall-at-k", {"mix": False})],
)
def test_value_and_gradient_are_those_of_the_definition(
    named, build, assert_derived, scattered, monkeypatch, mix_at, *, name, point
):
    point = {**POINTS.get(name, {}), **point}
    embeddings = scattered(LABELS)
    every = torch.cdist(embeddings, embeddings)
    monkeypatch.setitem(globals(), "MOMENTS", (every.mean().item(), every.std().item()))
    mix_at(0.25)
    given = {k: v for k, v in named[name].point(point).items() if k not in RESERVED}

    def formula(rows, own):
        return FORMULAS[name](rows, own, **given)

    assert_derived(build(name, point, classes=4, embedding_size=5), embeddings, LABELS, formula)


RESERVED = {"objective_rate", "samples_per_class"}


def test_the_moments_of_distances_move_by_a_tenth_of_each_batch(build, loss_on, scattered):
    objective = build("distance-levels")
    moments = []
    for seed in (0, 1):
        embeddings = scattered(LABELS, seed=seed)
        loss_on(objective, embeddings, LABELS)
        every = torch.cdist(embeddings, embeddings)
        moments.append(torch.stack([every.mean(), every.std()]))
    kept = objective.loss.given["memory"]["moments"]
    assert kept.tolist() == pytest.approx((0.9 * moments[0] + 0.1 * moments[1]).tolist())


def contextual(x, step, *, weight, slack, pos_margin, neg_margin, mean_cosine, regularizer_weight):
    """With `step(x, bound)` for what has no gradient of its own."""
    s = unit(x) @ unit(x).T
    closeness = 2 * s - 2
    count = 4

    def within(k):
        bounds = [sorted(row)[-k] for row in (2 * FIXED - 2)]
        return np.array(
            [step(row + slack, bound) for row, bound in zip(closeness, bounds, strict=True)]
        )

    def hard(k):
        bounds = [sorted(row)[-k] for row in (2 * FIXED - 2)]
        rows = 2 * FIXED - 2
        return np.array(
            [(row + slack >= bound) for row, bound in zip(rows, bounds, strict=True)]
        ).astype(float)

    near, sizes = within(count), hard(count).sum(axis=1)
    shared, left = np.zeros_like(s), np.zeros_like(s)
    for i in ROWS:
        for j in ROWS:
            shared[i, j] = sum(near[i] * near[j]) / sizes[i]
            left[i, j] = sum((1 - near[i]) * (1 - near[j])) / (len(s) - sizes[i])
    alike = (shared + left) / 2 * near
    close = within(count // 2)
    mutual = close * close.T
    expanded = np.array([mutual[i] @ alike / mutual[i].sum() for i in ROWS])
    c = (expanded + expanded.T) / 2
    same = LABELS[:, None] == LABELS
    squares = sum(
        (1 - c[i, j]) ** 2 if same[i, j] else c[i, j] ** 2 for i in ROWS for j in ROWS if i != j
    )
    low = [pos_margin - s[i, j] for i in ROWS for j in ROWS if i != j and same[i, j]]
    high = [s[i, j] - neg_margin for i in ROWS for j in ROWS if not same[i, j]]
    apart = mean(v for v in low if v > 0) + mean(v for v in high if v > 0)
    spread = (s.mean() - mean_cosine) ** 2
    return weight * squares / len(s) ** 2 + (1 - weight) * apart + regularizer_weight * spread


FIXED = np.eye(2)


def test_contextual_similarity_is_that_of_its_definition(
    named, build, assert_derived, scattered, monkeypatch
):
    embeddings = scattered(LABELS)
    cosines = (embeddings @ embeddings.T).numpy()
    monkeypatch.setitem(globals(), "FIXED", cosines)

    def step(row, bound):
        # A step at the point itself, a line of the given slope around it.
        fixed = 2 * cosines[np.abs(2 * cosines - 2 - (row - 0.05)).sum(axis=1).argmin()] - 2
        return (fixed + 0.05 >= bound).astype(float) + SLOPE * (row - 0.05 - fixed)

    given = named["contextual"].defaults()
    assert given["slack"] == 0.05
    objective = build("contextual")
    assert_derived(objective, embeddings, LABELS, lambda rows, _: contextual(rows, step, **given))
