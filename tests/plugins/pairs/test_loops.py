"""Losses against plain loops over their definition, on a batch of uneven classes."""

import math

import pytest
import torch

LABELS = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
ROWS = range(len(LABELS))


def positives(a):
    return [p for p in ROWS if p != a and LABELS[p] == LABELS[a]]


def negatives(a):
    return [n for n in ROWS if LABELS[n] != LABELS[a]]


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def positive_cosines(s):
    return [s[a][p] for a in ROWS for p in positives(a)]


def negative_cosines(s):
    return [s[a][n] for a in ROWS for n in negatives(a)]


def hinge(value):
    return max(0.0, value)


def quadruplet(x, margin_1, margin_2, power):
    g = (torch.cdist(x, x) ** power).tolist()
    return mean(
        hinge(g[i][j] - g[i][k] + margin_1) + hinge(g[i][j] - g[m][k] + margin_2)
        for i in ROWS
        for j in positives(i)
        for k in negatives(i)
        for m in negatives(i)
        if LABELS[m] != LABELS[k]
    )


def qwise(x, margin):
    g = (torch.cdist(x, x) ** 2).tolist()
    same = [g[i][j] for i in ROWS for j in positives(i)]
    other = [g[k][m] for k in ROWS for m in negatives(k)]
    return mean(hinge(near - far + margin) for near in same for far in other)


def circle(x, m, gamma):
    s = (x @ x.T).tolist()
    values = []
    for a in ROWS:
        if not positives(a):
            continue
        near = sum(
            math.exp(-gamma * hinge(1 + m - s[a][p]) * (s[a][p] - 1 + m)) for p in positives(a)
        )
        far = sum(math.exp(gamma * hinge(s[a][n] + m) * (s[a][n] - m)) for n in negatives(a))
        values.append(math.log1p(near * far))
    return mean(values)


def tuplet_margin(x, margin, scale):
    s = (x @ x.T).tolist()
    return mean(
        math.log1p(
            sum(
                math.exp(scale * (s[a][n] - math.cos(math.acos(s[a][p]) - math.radians(margin))))
                for n in negatives(a)
            )
        )
        for a in ROWS
        for p in positives(a)
    )


def tuplet_margin_variance(x, margin, scale, pos_eps, neg_eps, variance_weight):
    s = (x @ x.T).tolist()
    near, far = positive_cosines(s), negative_cosines(s)
    # The library's mean over the violated.
    low = [hinge((1 - pos_eps) * mean(near) - c) ** 2 for c in near]
    high = [hinge(c - (1 + neg_eps) * mean(far)) ** 2 for c in far]
    variance = mean(low) + mean(high)
    return tuplet_margin(x, margin, scale) + variance_weight * variance


def nca(x, scale):
    d = torch.cdist(x, x).tolist()
    values = []
    for a in ROWS:
        weights = {b: math.exp(-scale * d[a][b] ** 2) for b in ROWS if b != a}
        if positives(a):
            share = sum(weights[p] for p in positives(a)) / sum(weights.values())
            values.append(-math.log(share))
    return mean(values)


def pnp(x, variant, alpha, anneal):
    s = (x @ x.T).tolist()
    values = []
    for a in filter(positives, ROWS):
        ranks = [
            sum(1 / (1 + math.exp(-(s[a][n] - s[a][p]) / anneal)) for n in negatives(a))
            for p in [a, *positives(a)]
        ]
        values.append(mean(1 - (1 + rank) ** -alpha for rank in ranks))
    return mean(values)


def ranked_list(x, margin, alpha, temperature, imbalance):
    d = torch.cdist(x, x).tolist()
    values = []
    for a in ROWS:
        near = [d[a][p] - (alpha - margin) for p in positives(a) if d[a][p] > alpha - margin]
        far = [alpha - d[a][n] for n in negatives(a) if d[a][n] < alpha]
        weights = [math.exp(temperature * v) for v in far]
        pushed = sum(w * v for w, v in zip(weights, far, strict=True)) / max(sum(weights), 1e-9)
        values.append((1 - imbalance) * mean(near) + imbalance * pushed)
    return mean(values)


def histogram(x, bins):
    cosine = x @ x.T
    step, nodes = 2 / bins, [-1 + 2 * r / bins for r in range(bins + 1)]
    pairs = [(i, j) for i in ROWS for j in ROWS if i < j]

    def density(same):
        chosen = [cosine[i, j].item() for i, j in pairs if (LABELS[i] == LABELS[j]) == same]
        return [mean(hinge(1 - abs(c - t) / step) for c in chosen) for t in nodes]

    near, far = density(same=True), density(same=False)
    return sum(far[r] * sum(near[: r + 1]) for r in range(bins + 1))


LOOPS = {
    "quadruplet": quadruplet,
    "qwise": qwise,
    "circle": circle,
    "tuplet-margin": tuplet_margin,
    "tuplet-margin-variance": tuplet_margin_variance,
    "deep-nca": nca,
    "pnp": pnp,
    "ranked-list": ranked_list,
    "histogram": histogram,
}
POINTS = {"circle": {"gamma": 5.0}, "tuplet-margin": {"scale": 4.0}, "histogram": {"bins": 10}}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loss_is_its_definition_written_as_loops(build, named, loss_on, scattered, name):
    embeddings = scattered(LABELS)
    given = POINTS.get(name, {})
    loss = loss_on(build(name, given), embeddings, LABELS)
    expected = LOOPS[name](embeddings, **named[name].point(given))
    # The library adds 1e-5 to each of ranked-list's denominators.
    assert loss.item() == pytest.approx(expected, rel=1e-3 if name == "ranked-list" else 1e-6)


def test_quadruplet_without_its_second_margin_is_the_triplet_loss(scattered):
    from bench_methods.pairs.quadruplet_loss import QuadrupletLoss
    from pytorch_metric_learning import distances, losses, reducers

    labels = torch.arange(4).repeat_interleave(3)
    embeddings = scattered(labels)
    triplet = losses.TripletMarginLoss(
        0.3, distance=distances.LpDistance(power=2), reducer=reducers.MeanReducer()
    )
    ours = QuadrupletLoss(0.3, -math.inf, 2)(embeddings, labels)
    assert ours.item() == pytest.approx(triplet(embeddings, labels).item())


def test_quadruplet_of_two_classes_is_zero_with_a_gradient(build, scattered):
    embeddings = scattered([0, 0, 1, 1]).requires_grad_()
    loss = build("quadruplet").loss(embeddings, torch.tensor([0, 0, 1, 1]))
    loss.backward()
    assert (loss.item(), embeddings.grad.abs().sum().item()) == (0.0, 0.0)
