"""The control: which labels it gives, and that they teach nothing."""

from dataclasses import replace

import pytest
import torch
from bench_methods.baselines import random_labels, untrained
from bench_methods.baselines.permuted import PermutedLabels
from bench_methods.proxies import normalized_softmax

from harness.method.objective import Objective
from harness.testing import toy_batch
from harness.testing.learning import toy_record
from harness.testing.toys import ToyView

BATCH = toy_batch(classes=6)


class Listener(Objective):
    """Notes the labels that it is given."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def forward(self, batch, embed):
        self.heard.append(batch.labels.tolist())
        return torch.zeros(())


def prepared(seed=0):
    objective = PermutedLabels(Listener(), torch.Generator().manual_seed(seed))
    objective.prepare(ToyView(BATCH), None)
    return objective


def heard(objective, batch=BATCH):
    objective(batch, None)
    return objective.inner.heard[-1]


def test_classes_keep_their_sizes_and_samples_lose_their_labels():
    true, given = BATCH.labels.tolist(), heard(prepared())
    assert sorted(given) == sorted(true)
    assert sum(a == b for a, b in zip(true, given, strict=True)) < len(true) / 2


def test_a_sample_keeps_its_wrong_label_wherever_it_stands():
    objective = prepared()
    order = torch.randperm(len(BATCH.labels), generator=torch.Generator().manual_seed(5))
    moved = replace(
        BATCH, inputs=BATCH.inputs[order], labels=BATCH.labels[order], indices=BATCH.indices[order]
    )
    first, second = heard(objective), heard(objective, moved)
    assert second == [first[position] for position in order.tolist()]


def test_the_generator_decides_the_permutation():
    assert heard(prepared(seed=0)) == heard(prepared(seed=0)) != heard(prepared(seed=1))


def test_it_differs_from_its_twin_by_the_labels_alone():
    twin = normalized_softmax
    assert (random_labels.space, random_labels.batch) == (twin.space, twin.batch)
    assert random_labels.control


@pytest.fixture(scope="module")
def scores():
    """MAP@R on the toy by method name."""
    methods = (untrained, random_labels, normalized_softmax)
    return {method.name: toy_record(method).scores.values["map_at_r"] for method in methods}


def test_it_scores_at_chance(scores):
    gained = scores["random-labels"] - scores["untrained"]
    possible = scores["normalized-softmax"] - scores["untrained"]
    assert gained < 0.1 * possible
