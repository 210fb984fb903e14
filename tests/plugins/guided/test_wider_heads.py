"""Distillation from wider heads, against its definition in numpy and the plain loss."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from bench_methods.guided.wider_heads_objective import distilled

from harness.testing import toy_batch, toy_context

LABELS = torch.tensor([0, 0, 1, 1, 2, 2])
SIZE = 5


def similarities(x):
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    return u @ u.T


def divergence(student, teacher, temperature):
    def shares(rows):
        raised = np.exp(rows / temperature)
        return raised / raised.sum(axis=1, keepdims=True)

    p, q = shares(teacher), shares(student)
    return temperature**2 * np.mean(np.sum(p * np.log(p / q), axis=1))


@pytest.fixture
def objective(named):
    def objective(**point):
        torch.manual_seed(0)
        context = replace(toy_context(embedding_size=SIZE), feature_size=SIZE)
        method = named["wider-heads"]
        return method.objective(method.point(point), context).double()

    return objective


def embeddings():
    draw = torch.Generator().manual_seed(0)
    return torch.randn(len(LABELS), SIZE, generator=draw, dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_the_distillation_is_the_divergence_of_rows_of_similarities(temperature):
    student, teacher = (torch.randn(4, 4, dtype=torch.float64) for _ in range(2))
    expected = divergence(student.numpy(), teacher.numpy(), temperature)
    assert distilled(student, teacher, temperature).item() == pytest.approx(expected)


def test_the_loss_is_that_of_all_heads_and_what_they_teach(objective, build, loss_on):
    ours = objective(weight=3.0, feature_weight=7.0, temperature=0.5, feature_start=0.0)
    rows = embeddings()
    plain = build("multi-similarity")
    heads = [head(rows).detach() for head in ours.heads]
    losses = [loss_on(plain, head, LABELS).item() for head in heads]
    student = similarities(rows.numpy())
    taught = [divergence(student, similarities(head.numpy()), 0.5) for head in heads]
    # What the toy embeds are its features too.
    expected = (loss_on(plain, rows, LABELS).item() + np.mean(losses)) / 2
    expected += 3.0 * np.mean(taught) + 7.0 * divergence(student, student, 0.5)
    assert loss_on(ours, rows, LABELS).item() == pytest.approx(expected)


def test_heads_are_four_and_eight_times_as_wide(objective):
    assert [head(embeddings()).shape[1] for head in objective().heads] == [4 * SIZE, 8 * SIZE]


def test_teachers_get_no_gradient_from_their_student():
    student, teacher = (torch.randn(4, 4, requires_grad=True) for _ in range(2))
    distilled(student, teacher, 1.0).backward()
    assert student.grad.any()
    assert teacher.grad is None


def test_features_teach_from_their_share_of_the_steps_on(objective, loss_on):
    # Toy runs have ten steps; features that are not the embedding's own.
    class Apart:
        def outputs(self, inputs):
            from harness import Outputs

            return Outputs(inputs.roll(1, dims=0), inputs, inputs)

    ours = objective(feature_start=0.5)
    batch = replace(toy_batch(), inputs=embeddings(), labels=LABELS)
    before, after = (ours(replace(batch, step=step), Apart()).item() for step in (4, 5))
    assert after > before
