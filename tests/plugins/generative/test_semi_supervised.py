"""What labels decide, and what they must not."""

from dataclasses import replace

import pytest
import torch
from bench_methods.generative import METHODS
from bench_methods.generative.metric_loss import PLAIN

from harness.testing import ToyRun, toy_batch
from harness.testing.toys import batch_for

SEMI = [method for method in METHODS if method.labels == "known"]
VARIANTS = ("metric-vae-batch", "metric-vae-joint")
WITH_PLAIN = [m for m in SEMI if "metric_loss" in m.space and m.name not in VARIANTS]


def by_name(method):
    return method.name


def without_labels(batch):
    """Labels cannot even be asked for."""
    return replace(batch, labels=None, known=torch.zeros_like(batch.known))


def test_all_but_three_methods_are_semi_supervised():
    assert {method.name for method in METHODS} - {method.name for method in SEMI} == {
        "autoencoder",
        "vae",
        "dvml",
    }


@pytest.mark.parametrize("metric_loss", PLAIN)
@pytest.mark.parametrize("method", WITH_PLAIN, ids=by_name)
def test_alpha_zero_is_the_plain_metric_loss_bit_for_bit(train, method, metric_loss):
    plain = train(PLAIN[metric_loss])
    ours = train(method, {"alpha": 0.0, "metric_loss": metric_loss})
    assert ours[0] == plain[0]
    assert all(map(torch.equal, ours[1], plain[1]))


@pytest.mark.parametrize("method", WITH_PLAIN, ids=by_name)
def test_alpha_one_reads_no_labels(train, method):
    point = {"alpha": 1.0}
    labelled, unlabelled = train(method, point), train(method, point, batch=without_labels)
    assert labelled[0] == unlabelled[0]
    assert all(map(torch.equal, labelled[1], unlabelled[1]))


def test_alpha_one_is_the_autoencoder_bit_for_bit(train, named):
    ours = train(named["dml-autoencoder"], {"alpha": 1.0})
    assert ours[0] == train(named["autoencoder"], batch=without_labels)[0]


@pytest.mark.parametrize("method", SEMI, ids=by_name)
def test_labels_of_the_unlabelled_part_are_not_read(method, joint):
    run, batch = ToyRun(method, joint(method)), batch_for(method)
    poisoned = replace(batch, labels=batch.labels.masked_fill(~batch.known, 3))
    assert not torch.equal(poisoned.labels, batch.labels)
    assert run.loss(batch=poisoned).item() == run.loss(batch=batch).item()


@pytest.mark.parametrize("method", SEMI, ids=by_name)
def test_labels_of_the_labelled_part_are_read(method, joint):
    run, batch = ToyRun(method, joint(method)), batch_for(method)
    if method.name == "dml-fitted-gmm-prior":
        run.begin_epoch(1)
    other = replace(batch, labels=torch.where(batch.known, batch.labels.roll(5), -1))
    assert run.loss(batch=other).item() != run.loss(batch=batch).item()


@pytest.mark.parametrize("labelled", [0, 1, 3])
@pytest.mark.parametrize("metric_loss", ["triplet", "softmax", "center"])
def test_a_batch_without_a_positive_pair_has_a_loss_with_a_gradient(named, metric_loss, labelled):
    run = ToyRun(named["dml-autoencoder"], {"alpha": 0.0, "metric_loss": metric_loss})
    batch = toy_batch(per_class=1)
    known = torch.arange(len(batch.known)) < labelled
    batch = replace(batch, known=known, labels=batch.labels.masked_fill(~known, -1))
    loss = run.loss(batch=batch)
    loss.backward()
    gradients = [weight.grad for weight in run.embed.backbone.parameters()]
    assert torch.isfinite(loss)
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert labelled == 0 or metric_loss != "triplet" or loss.item() == 0.0


@pytest.mark.parametrize("schedule", ["epoch", "batch"])
def test_an_alternating_step_has_one_of_two_weighted_losses(named, schedule):
    method, batch = named["dml-autoencoder"], toy_batch(step=1)
    alone = [ToyRun(method, {"alpha": alpha}).loss(1, batch=batch).item() for alpha in (0.0, 1.0)]
    run = ToyRun(method, {"alpha": 0.25, "schedule": schedule})
    run.begin_epoch(1)
    assert run.loss(1, batch=batch).item() == pytest.approx(0.75 * alone[0])
    run.begin_epoch(0)
    even = replace(batch, step=0)
    assert run.loss(1, batch=even).item() == pytest.approx(0.25 * alone[1])


def test_a_joint_step_has_the_weighted_sum(named):
    method, batch = named["dml-autoencoder"], toy_batch()
    alone = [ToyRun(method, {"alpha": alpha}).loss(batch=batch).item() for alpha in (0.0, 1.0)]
    both = ToyRun(method, {"alpha": 0.25, "schedule": "joint"}).loss(batch=batch).item()
    assert both == pytest.approx(0.75 * alone[0] + 0.25 * alone[1])


@pytest.mark.parametrize("name", ["autoencoder", "dml-autoencoder", "pull-back-triplet"])
def test_the_order_of_the_rows_does_not_matter(named, joint, name):
    run, batch = ToyRun(named[name], joint(named[name])), batch_for(named[name])
    order = torch.randperm(len(batch.inputs), generator=torch.Generator().manual_seed(0))
    shuffled = replace(
        batch,
        inputs=batch.inputs[order],
        labels=None if batch.labels is None else batch.labels[order],
        known=batch.known[order],
    )
    shuffled_loss = run.loss(batch=shuffled).item()
    assert shuffled_loss == pytest.approx(run.loss(batch=batch).item(), rel=1e-5)
