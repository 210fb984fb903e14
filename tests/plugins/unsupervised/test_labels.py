"""Labels are forbidden: none are there to read, and other labels change nothing."""

from dataclasses import replace

import numpy as np
import pytest
from bench_methods.proxies import normalized_softmax
from bench_methods.unsupervised import METHODS

from harness.data.splits import make_split
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.registry import Origin, RegisteredMethod


def trained(bench, method):
    """What a run of four steps leaves: losses, float32 (4,), and test embeddings, (N, D)."""
    registered = RegisteredMethod(method, Origin("toy", "bench_methods", "0", None))
    entrant = Entrant(registered, method.defaults(), "default")
    plan = make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=1)
    record, arrays = execute(plan.runs[0], bench)
    assert record.state == "done", record.reason
    return arrays["losses"], arrays["test_embeddings"]


def with_training_labels_permuted(bench):
    """The same images, split and class sizes; the labels within the training part shuffled."""
    labels = bench.dataset.labels.copy()
    train = make_split(bench.dataset, bench.protocol.split, fold=0, seed=0).train
    labels[train] = np.random.default_rng(0).permutation(labels[train])
    return replace(bench, dataset=replace(bench.dataset, labels=labels))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_permuting_the_training_labels_changes_nothing(bench, method):
    first, second = trained(bench, method), trained(with_training_labels_permuted(bench), method)
    assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))


def test_permuting_the_training_labels_changes_a_supervised_method(bench):
    permuted = with_training_labels_permuted(bench)
    first, second = (trained(given, normalized_softmax)[0] for given in (bench, permuted))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_there_is_no_label_to_read(bench, method, notes):
    def spying(hyperparameters, context):
        objective = method.build(hyperparameters, context)
        objective.prepare = lambda view, embed: notes(view.labels)
        objective.register_forward_pre_hook(lambda module, given: notes(given[0].labels))
        return objective

    trained(bench, replace(method, build=spying))
    assert notes.read() == [None] * 5
