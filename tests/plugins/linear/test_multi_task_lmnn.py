"""Multi-task LMNN: its objective by loops, its gradient, its solver, and what tasks share."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from bench_methods.linear.margins import Margins, learn_metrics, objective
from bench_methods.multi_task.tasks import Task

from harness import LabelSet
from harness.testing import toy_context

DRAW = np.random.default_rng(3)
ROWS = DRAW.normal(size=(14, 3))
CLASSES = np.arange(14) % 3
AGES = np.where(np.arange(14) == 5, -1, np.arange(14) % 4 - (np.arange(14) % 4 == 3))
AGE = Task("age", 3, (1.0, 2.0, 5.0))


def both(neighbours=2):
    return [
        Margins.of(ROWS, CLASSES, Task("", 3), neighbours),
        Margins.of(ROWS, AGES, AGE, neighbours),
    ]


def by_loops(shared, own, a, b):
    """The objective as the paper writes it, but for the mean over targets."""
    value = a * np.square(shared - np.eye(3)).sum()
    for metric, weight, codes, places in (
        (own[0], b[0], CLASSES, None),
        (own[1], b[1], AGES, np.array([1.0, 2.0, 5.0])),
    ):
        whole = shared + metric
        value += weight * np.square(metric).sum()
        terms = []
        known = [i for i in range(14) if codes[i] >= 0]
        for i in known:
            alike = [j for j in known if j != i and codes[j] == codes[i]]
            for j in sorted(alike, key=lambda j: np.square(ROWS[i] - ROWS[j]).sum())[:2]:
                reach = (ROWS[i] - ROWS[j]) @ whole @ (ROWS[i] - ROWS[j])
                term = reach
                for k in known:
                    if codes[k] != codes[i]:
                        gap = (
                            1.0 if places is None else abs(places[codes[k]] - places[codes[i]]) / 4
                        )
                        far = (ROWS[i] - ROWS[k]) @ whole @ (ROWS[i] - ROWS[k])
                        term += max(0.0, gap + reach - far)
                terms.append(term)
        value += np.mean(terms)
    return value


def some_metrics():
    found = []
    for _ in range(3):
        root = DRAW.normal(size=(3, 3)) / 2
        found.append(root @ root.T)
    return found[0], found[1:]


def test_the_objective_is_the_papers():
    shared, own = some_metrics()
    value, _, _ = objective(both(), shared, own, 0.3, (0.2, 0.7))
    assert value == pytest.approx(by_loops(shared, own, 0.3, (0.2, 0.7)))


def test_the_gradients_are_those_of_the_objective():
    shared, own = some_metrics()
    _, of_shared, of_own = objective(both(), shared, own, 0.3, (0.2, 0.7))
    step = 1e-6
    for which, gradient in enumerate([of_shared, *of_own]):
        for place in itertools.product(range(3), repeat=2):
            ends = []
            for sign in (step, -step):
                moved = [shared.copy(), *(one.copy() for one in own)]
                moved[which][place] += sign
                ends.append(by_loops(moved[0], moved[1:], 0.3, (0.2, 0.7)))
            assert gradient[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-5)


def test_the_solver_goes_down_within_the_cone():
    tasks = both()
    start = objective(tasks, np.eye(3), [np.zeros((3, 3))] * 2, 0.1, (0.1, 0.1))[0]
    values = [
        objective(tasks, *learn_metrics(tasks, 0.1, (0.1, 0.1), steps=steps), 0.1, (0.1, 0.1))[0]
        for steps in (5, 50, 400)
    ]
    assert start > values[0] > values[1] >= values[2]
    shared, own = learn_metrics(tasks, 0.1, (0.1, 0.1), steps=400)
    assert min(np.linalg.eigvalsh(one).min() for one in (shared, *own)) > -1e-9
    draw = np.random.default_rng(0)
    for _ in range(20):  # it is convex: no way from here leads down
        root = draw.normal(size=(3, 3))
        other = shared + 0.01 * (root @ root.T - shared)
        assert objective(tasks, other, own, 0.1, (0.1, 0.1))[0] > values[2] - 1e-4


def test_heavy_tasks_share_everything_and_a_heavy_shared_metric_stays():
    tasks = both()
    _, own = learn_metrics(tasks, 0.1, (1e6, 1e6), steps=300)
    assert max(np.abs(one).max() for one in own) < 1e-3
    _, own = learn_metrics(tasks, 0.1, (0.1, 1e6), steps=300)
    assert np.abs(own[0]).max() > 0.01
    assert np.abs(own[1]).max() < 1e-3
    shared, _ = learn_metrics(tasks, 1e6, (0.1, 0.1), steps=300)
    np.testing.assert_allclose(shared, np.eye(3), atol=1e-3)


class Matrix:
    """A view of a feature matrix with a guise beside the class."""

    def __init__(self, features, labels, guise):
        self.given = torch.as_tensor(features, dtype=torch.float32)
        self.labels = torch.as_tensor(labels)
        self.attributes = {"guise": torch.as_tensor(guise)}

    def __len__(self):
        return len(self.given)

    def inputs(self, indices):
        return self.given[indices]

    def features(self, inputs):
        return inputs


@pytest.mark.parametrize("scored", ["class", "shared"])
def test_the_readout_is_the_metric_that_is_scored(scored, named):
    labels, guise = np.arange(60) % 6, np.arange(60) // 6 % 2
    features = DRAW.normal(size=(60, 5)) + 2.0 * np.eye(6, 5)[labels]
    method = named["multi-task-lmnn"]
    context = replace(toy_context(embedding_size=5), label_sets=(LabelSet(name="guise", values=2),))
    seen = Matrix(features, labels, guise)
    method = method.beside(["guise"])
    readout = method.objective(method.point({"scored": scored}), context).finish(seen, seen)
    assert readout.of == "features"
    assert readout.matrix.shape == (5, 5)
    assert torch.isfinite(readout.matrix).all()
    embedded = features @ readout.matrix.double().numpy().T
    apart = np.square(embedded[:, None] - embedded).sum(axis=-1)
    same = labels[:, None] == labels
    assert apart[same].sum() / (same.sum() - 60) < 0.7 * apart[~same].mean()
