"""Methods made of one function: what the function gets, and that each run begins afresh."""

import pytest
import torch
from bench_methods.formula import class_vectors, formula_method, several_class_vectors

from harness import Float, Int
from harness.testing import toy_context

DECLARED = {"summary": "s", "reference": "r"}


def counted(embeddings, labels, *, scale, memory):
    memory["calls"] = memory.get("calls", 0) + 1
    return scale * memory["calls"] * embeddings.sum() + 0 * labels.sum()


@pytest.fixture
def remembering():
    return formula_method("counted", counted, scale=Float(0.0, 10.0, default=2.0), **DECLARED)


def test_a_formula_keeps_a_memory_over_the_steps_of_a_run(remembering, loss_on):
    objective = remembering.objective({"scale": 3.0}, toy_context())
    losses = [loss_on(objective, torch.ones(2, 1), [0, 1]).item() for _ in range(3)]
    assert losses == [6.0, 12.0, 18.0]


def test_another_run_remembers_nothing_of_it(remembering, loss_on):
    for _ in range(2):
        objective = remembering.objective(remembering.defaults(), toy_context())
        assert loss_on(objective, torch.ones(2, 1), [0, 1]).item() == 4.0


@pytest.mark.parametrize(("own", "rows"), [(class_vectors, 3), (several_class_vectors, 12)])
def test_class_vectors_are_parameters_that_the_formula_gets_by_name(loss_on, own, rows):
    def formula(embeddings, labels, *, vectors, per_class):
        assert per_class == 4
        return (embeddings @ vectors.T).sum() + 0 * labels.sum()

    method = formula_method("mine", formula, own=own, per_class=Int(1, 9, default=4), **DECLARED)
    context = toy_context(classes=3, embedding_size=5)
    objective = method.objective(method.defaults(), context)
    loss_on(objective, torch.ones(2, 5), [0, 1]).backward()
    ((name, vectors),) = objective.loss.named_parameters()
    assert (name, tuple(vectors.shape)) == ("vectors", (rows, 5))
    assert vectors.grad.eq(2).all()
