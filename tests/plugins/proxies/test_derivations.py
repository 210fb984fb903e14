"""Losses on class vectors since 2020 against their papers' definitions in numpy."""

import math

import numpy as np
import pytest
import torch

LABELS = np.array([0, 0, 1, 1, 1, 2, 3])
CLASSES, SIZE = 5, 5
RESERVED = {"objective_rate", "samples_per_class"}


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def softmax_entropy(logits, labels):
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = raised / raised.sum(axis=1, keepdims=True)
    return -np.log(shares[np.arange(len(labels)), labels]).mean()


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else 0.0


def proxy_nca_pp(x, own, temperature):
    u, p = unit(x), unit(own["vectors"])
    squared = np.array([[np.sum((a - b) ** 2) for b in p] for a in u])
    return softmax_entropy(-squared / temperature, LABELS)


def proxy_synthesis(x, own, scale, concentration):
    u, p = unit(x), unit(own["vectors"])
    rows, classes, targets = list(u), list(p), list(LABELS)
    for i, before in enumerate(np.roll(np.arange(len(u)), 1)):
        if LABELS[i] != LABELS[before]:
            rows.append(unit([0.25 * u[i] + 0.75 * u[before]])[0])
            targets.append(len(classes))
            classes.append(unit([0.25 * p[LABELS[i]] + 0.75 * p[LABELS[before]]])[0])
    return softmax_entropy(scale * np.array(rows) @ np.array(classes).T, targets)


def proxy_graph(x, own, per_class, share, scale, regularizer_weight):
    u, p = unit(x), unit(own["vectors"])
    owner = [i // per_class for i in range(len(p))]
    count = max(math.ceil(share * len(p)), 2 * per_class)
    losses = []
    for row, label in zip(u, LABELS, strict=True):
        order = sorted(range(len(p)), key=lambda i: (owner[i] != label, -(row @ p[i])))
        logits = {}
        for i in order[:count]:
            logits[owner[i]] = logits.get(owner[i], 0.0) + scale * (row @ p[i])
        losses.append(-math.log(math.exp(logits[label]) / sum(map(math.exp, logits.values()))))
    sums = np.array(
        [[sum(q @ p[i] for i in range(len(p)) if owner[i] == c) for c in range(CLASSES)] for q in p]
    )
    return mean(losses) + regularizer_weight * softmax_entropy(sums, owner)


def anti_collapse(x, own, margin, alpha, weight, precision):
    u, p = unit(x), unit(own["vectors"])
    s = u @ p.T
    pulled, pushed = [], []
    for c in range(CLASSES):
        near = [math.exp(-alpha * (v - margin)) for v in s[c == LABELS, c]]
        far = [math.exp(alpha * (v + margin)) for v in s[c != LABELS, c]]
        if near:
            pulled.append(math.log(1 + sum(near)))
        pushed.append(math.log(1 + sum(far)))
    # The same determinant from the other side: of D x D.
    own = p[sorted(set(LABELS))]
    values = np.linalg.eigvalsh(own.T @ own)
    rate = 0.5 * sum(math.log(1 + len(own) / (SIZE * precision) * v) for v in values)
    return mean(pulled) + mean(pushed) + weight * math.exp(-rate)


def potential_field(x, own, per_class, radius, decay):
    points = unit(np.concatenate([x, own["vectors"]]))
    told = [*LABELS, *(i // per_class for i in range(len(own["vectors"])))]
    energy = 0.0
    for i, a in enumerate(points):
        for j, b in enumerate(points):
            d = math.dist(a, b)
            if i != j and told[i] == told[j]:
                energy -= (d if d > radius else radius) ** -decay
            elif i != j:
                energy += (d if d < radius else radius) ** -decay
    return energy / len(points)


def group_loss(x, own, *, temperature, rounds, anchors, direct_weight):
    logits = x @ own["vectors"].T + own["offsets"]
    shares = np.exp(logits / temperature)
    shares = shares / shares.sum(axis=1, keepdims=True)
    anchors = [i for i in range(len(x)) if list(LABELS[:i]).count(LABELS[i]) < anchors]
    for i in anchors:
        shares[i] = np.eye(CLASSES)[LABELS[i]]
    alike = np.maximum(np.corrcoef(x), 0)
    for _ in range(rounds):
        support = np.array(
            [sum(alike[i, j] * shares[j] for j in range(len(x))) for i in range(len(x))]
        )
        shares = shares * support
        shares = shares / shares.sum(axis=1, keepdims=True)
    refined = mean(-math.log(shares[i, LABELS[i]]) for i in range(len(x)))
    return refined + direct_weight * softmax_entropy(logits, LABELS)


def label_smoothed(x, own, smoothing):
    return smoothed_entropy(x @ own["classifier.weight"].T + own["classifier.bias"], smoothing)


def smoothed_entropy(logits, smoothing):
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    hit = logs[np.arange(len(LABELS)), LABELS]
    return mean(-(1 - smoothing) * hit - smoothing * logs.mean(axis=1))


FORMULAS = {
    "proxy-nca-pp": proxy_nca_pp,
    "proxy-synthesis": proxy_synthesis,
    "proxy-graph": proxy_graph,
    "anti-collapse": anti_collapse,
    "potential-field": potential_field,
    "group-loss": group_loss,
    "label-smoothed-softmax": label_smoothed,
}
POINTS = {
    "proxy-synthesis": {"scale": 3.0},
    "proxy-graph": {"per_class": 2, "share": 0.6},
    "anti-collapse": {"alpha": 3.0, "weight": 2.0},
    "group-loss": {"temperature": 2.0, "rounds": 2, "anchors": 2, "direct_weight": 0.5},
    "potential-field": {"per_class": 2, "radius": 1.2, "decay": 2.0},
}


@pytest.mark.parametrize("name", FORMULAS)
def test_value_and_gradient_are_those_of_the_definition(
    named, build, assert_derived, scattered, mix_at, name
):
    mix_at(0.25)
    point = POINTS.get(name, {})
    given = {k: v for k, v in named[name].point(point).items() if k not in RESERVED}
    objective = build(name, point, classes=CLASSES, embedding_size=SIZE)
    embeddings = scattered(LABELS)
    assert_derived(
        objective, embeddings, LABELS, lambda rows, own: FORMULAS[name](rows, own, **given)
    )


def adaface(x, own, margin, concentration, scale, lengths):
    u, w = unit(x), unit(own["vectors"])
    quality = (lengths - lengths.mean()) / (lengths.std(ddof=1) + 1e-3) * concentration
    logits = scale * u @ w.T
    for i, label in enumerate(LABELS):
        q = min(max(quality[i], -1.0), 1.0)
        angle = math.acos(u[i] @ w[label])
        logits[i, label] = scale * (math.cos(angle - margin * q) - margin - margin * q)
    return softmax_entropy(logits, LABELS)


def test_adaface_is_its_definition_with_lengths_that_are_constants(
    named, build, assert_derived, scattered
):
    embeddings = scattered(LABELS)
    lengths = embeddings.norm(dim=1).numpy()
    given = {k: v for k, v in named["adaface"].point({"scale": 4.0}).items() if k not in RESERVED}
    objective = build("adaface", {"scale": 4.0}, classes=CLASSES, embedding_size=SIZE)
    assert_derived(
        objective,
        embeddings,
        LABELS,
        lambda rows, own: adaface(rows, own, **given, lengths=lengths),
    )


def test_adaface_takes_a_hundredth_of_each_batchs_moments(build, loss_on, scattered):
    objective = build("adaface", classes=CLASSES, embedding_size=SIZE)
    lengths = []
    for seed in (0, 1):
        embeddings = scattered(LABELS, seed=seed)
        loss_on(objective, embeddings, LABELS)
        lengths.append(embeddings.norm(dim=1))
    first, second = (torch.stack([one.mean(), one.std()]) for one in lengths)
    kept = objective.loss.given["memory"]["moments"]
    assert kept.tolist() == pytest.approx((0.99 * first + 0.01 * second).tolist())


def test_virtual_classes_are_those_of_earlier_steps_without_gradient(build, loss_on, scattered):
    objective = build(
        "memory-virtual-classes",
        {"scale": 3.0, "steps": 2, "gap": 1},
        classes=CLASSES,
        embedding_size=SIZE,
    ).double()
    vectors, past = objective.loss.vectors, []
    for seed in range(6):
        embeddings = scattered(LABELS, seed=seed)
        rows, classes, targets = (
            [unit(embeddings.numpy())],
            [unit(vectors.detach().numpy())],
            [LABELS],
        )
        # One batch lies between two that count: those of 2 and of 4 steps ago.
        counted = [past[age - 1] for age in (2, 4) if age <= len(past)]
        for place, (known, then) in enumerate(counted, start=1):
            rows.append(known)
            classes.append(then)
            targets.append(LABELS + place * CLASSES)
        logits = 3.0 * np.concatenate(rows) @ np.concatenate(classes).T
        expected = softmax_entropy(logits, np.concatenate(targets))
        assert loss_on(objective, embeddings, LABELS).item() == pytest.approx(expected)
        past.insert(0, (rows[0], classes[0]))
        with torch.no_grad():
            vectors += 0.1 * torch.randn(vectors.shape)


def test_the_first_step_of_virtual_classes_is_normalized_softmax(build, loss_on, scattered):
    ours = build("memory-virtual-classes", {"scale": 4.0}, classes=CLASSES, embedding_size=SIZE)
    plain = build("normalized-softmax", {"temperature": 0.25}, classes=CLASSES, embedding_size=SIZE)
    (own,) = plain.parameters()
    own.data = ours.loss.vectors.detach().T.clone()
    embeddings = scattered(LABELS)
    expected = loss_on(plain, embeddings, LABELS).item()
    assert loss_on(ours, embeddings, LABELS).item() == pytest.approx(expected)


def linear(rows, own, name):
    """An equalised layer: its weights are divided by the root of their inputs."""
    weight = own[f"{name}.weight"]
    return rows @ weight.T / math.sqrt(weight.shape[1]) + own[f"{name}.bias"]


def hypergraph(x, own, width, scale, nearness, graph_weight):
    u, means = unit(x), unit(own["means"])
    variances = np.exp(np.clip(own["log_variances"], 0, 6))
    m = np.array(
        [[sum((f - c) ** 2 / v) for c, v in zip(means, variances, strict=True)] for f in u]
    )
    present = sorted(set(LABELS))
    h = np.array(
        [
            [1.0 if label == c else math.exp(-nearness * m[i, c]) for c in present]
            for i, label in enumerate(LABELS)
        ]
    )
    nodes, edges = np.diag(h.sum(axis=1) ** -0.5), np.diag(1 / h.sum(axis=0))
    walk = nodes @ h @ edges @ h.T @ nodes
    hidden = walk @ linear(u, own, "first")
    hidden = (hidden - hidden.mean(axis=0)) / np.sqrt(hidden.var(axis=0) + 1e-5)
    hidden = hidden * own["norm.weight"] + own["norm.bias"]
    hidden = np.where(hidden > 0, hidden, 0.1 * hidden)
    logits = walk @ linear(hidden, own, "second")
    return softmax_entropy(-scale * m, LABELS) + graph_weight * softmax_entropy(logits, LABELS)


def layer_norm(rows, own, name):
    centred = rows - rows.mean(axis=1, keepdims=True)
    normal = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    return normal * own[f"{name}.weight"] + own[f"{name}.bias"]


def intra_batch(x, own, auxiliary, temperature, smoothing):
    u = unit(x)
    weights = linear(u, own, "query") @ linear(u, own, "key").T / math.sqrt(SIZE)
    weights = np.exp(weights) / np.exp(weights).sum(axis=1, keepdims=True)
    messages = linear(weights @ linear(u, own, "value"), own, "out")
    told = layer_norm(u + messages, own, "norms.0")
    wide = np.maximum(linear(told, own, "wide"), 0)
    refined = layer_norm(told + linear(wide, own, "narrow"), own, "norms.1")
    necked = (refined - refined.mean(axis=0)) / np.sqrt(refined.var(axis=0) + 1e-5)
    after = smoothed_entropy(linear(necked, own, "after") / temperature, smoothing)
    return after + auxiliary * smoothed_entropy(linear(x, own, "before") / temperature, smoothing)


def flow(row, condition, own):
    for block in range(4):
        row = row[::-1]
        kept, moved = row[: SIZE // 2], row[SIZE // 2 :]
        read = np.maximum(
            linear(np.concatenate([kept, condition]), own, f"blocks.{block}.hidden"), 0
        )
        out = linear(read, own, f"blocks.{block}.out")
        raw, shift = out[: len(moved)], out[len(moved) :]
        scale = np.exp(4 / math.pi * np.arctan(raw / 2))
        row = np.concatenate([kept, moved * scale + shift])
    return row


def jacobian(row, condition, own):
    """Of the flow, by differences: its determinant is not taken from the blocks' own logs."""
    columns = []
    for place in range(SIZE):
        step = np.zeros(SIZE)
        step[place] = 1e-5
        ahead, behind = (flow(row + s * step, condition, own) for s in (1, -1))
        columns.append((ahead - behind) / 2e-5)
    return np.array(columns).T


def non_isotropy(x, own, weight, noise):
    u, p = unit(x), unit(own["proxies"])
    anchored = anti_collapse(x, {"vectors": own["proxies"]}, 0.1, 32.0, 0.0, 1.0)
    likelihoods = []
    for row, label in zip(unit(u + noise * 0.25), LABELS, strict=True):
        latent = flow(row, p[label], own)
        _, determinant = np.linalg.slogdet(jacobian(row, p[label], own))
        likelihoods.append((latent @ latent / 2 - determinant) / SIZE)
    return anchored + weight * mean(likelihoods)


NETWORKS = {
    "hypergraph": (hypergraph, {"width": 16, "scale": 2.0}),
    "intra-batch": (intra_batch, {"temperature": 0.5}),
    "non-isotropy": (non_isotropy, {"weight": 1.0}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_loss_with_a_network_is_its_definition(
    named, build, assert_derived, scattered, monkeypatch, name
):
    monkeypatch.setattr(torch, "rand_like", lambda rows: torch.full_like(rows, 0.25))
    formula, point = NETWORKS[name]
    given = {k: v for k, v in named[name].point(point).items() if k not in RESERVED}
    objective = build(name, point, classes=CLASSES, embedding_size=SIZE)
    # The flow's determinant is by differences too.
    assert_derived(
        objective,
        scattered(LABELS),
        LABELS,
        lambda rows, own: formula(rows, own, **given),
        atol=1e-5 if name == "non-isotropy" else 1e-7,
    )
