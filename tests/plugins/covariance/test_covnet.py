"""CovNet's losses: what the tail reads, and what it is asked."""

import math
from dataclasses import replace

import pytest
import torch
from bench_methods.covariance.merge import covariance
from bench_methods.covariance.pairing import Pairs

from harness.method.objective import Outputs
from harness.testing import toy_batch

LINEAR = 3.0 * torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 0, 1, 1, 2, 2])
SWAPPED = torch.tensor([1, 0, 3, 2, 5, 4])


class Given:
    """An `Embed` that gives what it is given."""

    def outputs(self, inputs):
        return Outputs(inputs, inputs, torch.nn.functional.normalize(inputs))


def batch():
    return replace(
        toy_batch(), inputs=LINEAR, labels=LABELS, known=LABELS >= 0, indices=torch.arange(6)
    )


def built(build, name, **hyperparameters):
    """An Objective whose pairs are given: each row and its neighbour, labelled by the class."""
    objective = build(name, hyperparameters, classes=3, embedding_size=4)
    rows = torch.arange(6)
    objective.pairing = lambda labels: Pairs(rows, SWAPPED, labels)
    return objective


@pytest.mark.parametrize("tanh", [False, True])
def test_the_tail_reads_the_covariance_of_normalised_embeddings(build, tanh):
    objective = built(build, "covnet-v1", tanh=tanh, scale=5.0)
    embeddings = torch.nn.functional.normalize(LINEAR.tanh() if tanh else LINEAR)
    logits = objective.tail(5.0 * 4 * covariance(embeddings, embeddings[SWAPPED]))
    expected = torch.nn.functional.cross_entropy(logits, LABELS)
    torch.testing.assert_close(objective(batch(), Given()), expected)


def test_a_scale_is_the_same_function_as_a_larger_tail(build):
    plain, scaled = (built(build, "covnet-v1", scale=scale) for scale in (1.0, 50.0))
    with torch.no_grad():
        plain.tail.weight.mul_(50.0)
    torch.testing.assert_close(plain(batch(), Given()), scaled(batch(), Given()))


@pytest.mark.parametrize(("name", "labels"), [("covnet-v1", 3), ("covnet-v2", 6), ("covnet-v3", 2)])
def test_a_tail_that_knows_nothing_has_the_entropy_of_its_labels(build, name, labels):
    objective = build(name, classes=3, embedding_size=4)
    with torch.no_grad():
        for parameter in objective.parameters():
            parameter.zero_()
    assert objective(batch(), Given()).item() == pytest.approx(math.log(labels))


def test_similarity_is_learned_by_binary_cross_entropy(build):
    objective = build("covnet-v3", classes=3, embedding_size=4)
    with torch.no_grad():
        objective.tail[1].weight.zero_()
        objective.tail[1].bias.fill_(2.0)
    # Half of the pairs are of one class: -log s(2) for these, -log s(-2) for the others.
    expected = 0.5 * math.log(1 + math.exp(-2.0)) + 0.5 * math.log(1 + math.exp(2.0))
    assert objective(batch(), Given()).item() == pytest.approx(expected)
