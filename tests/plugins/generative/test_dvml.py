"""DVML's four terms."""

import pytest
import torch
from bench_methods.generative import dvml_objective

from harness.testing import ToyRun, toy_batch


@pytest.fixture
def weigh(monkeypatch):
    """Put other weights in place of those of the first phase."""

    def weigh(*weights):
        monkeypatch.setattr(dvml_objective, "PHASES", (weights, dvml_objective.PHASES[1]))

    return weigh


def gradients(run):
    """Names of parameters that a backward pass from the loss of a batch reaches."""
    run.loss(batch=toy_batch()).backward()
    named = [*run.embed.backbone.named_parameters(), *run.objective.named_parameters()]
    return {name for name, weight in named if weight.grad is not None and weight.grad.any()}


@pytest.mark.parametrize(
    ("metric_loss", "plain"), [("triplet", "triplet"), ("softmax", "normalized-softmax")]
)
def test_the_last_term_alone_is_the_metric_loss(named, weigh, metric_loss, plain):
    weigh(0.0, 0.0, 0.0, 1.0)
    ours = ToyRun(named["dvml"], {"metric_loss": metric_loss})
    theirs = ToyRun(named[plain])
    theirs.objective.load_state_dict(ours.objective.metric.state_dict())
    batch = toy_batch()
    assert ours.loss(batch=batch).item() == theirs.loss(batch=batch).item()


def test_the_reconstruction_trains_the_decoder_alone(named, weigh):
    weigh(0.0, 1.0, 0.0, 0.0)
    reached = gradients(ToyRun(named["dvml"]))
    assert reached
    assert all(name.startswith("decoder.") for name in reached)


def test_the_decoder_learns_from_the_reconstruction_alone(named, weigh):
    weigh(1.0, 0.0, 1.0, 1.0)
    reached = gradients(ToyRun(named["dvml"]))
    assert {"mean.weight", "log_variance.weight"} <= reached
    assert not any(name.startswith("decoder.") for name in reached)


def test_a_variation_that_is_the_unit_normal_diverges_by_nothing(named, weigh):
    weigh(1.0, 0.0, 0.0, 0.0)
    run = ToyRun(named["dvml"])
    drawn = run.loss(batch=toy_batch()).item()
    for layer in (run.objective.mean, run.objective.log_variance):
        layer.weight.data.zero_()
    assert (drawn > 0, run.loss(batch=toy_batch()).item()) == (True, 0.0)


def test_the_weights_change_half_way(named, monkeypatch):
    monkeypatch.setattr(dvml_objective, "PHASES", ((0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 3.0)))
    run = ToyRun(named["dvml"])
    losses = [run.loss(batch=toy_batch(step=step)).item() for step in (4, 5)]
    plain = ToyRun(named["triplet"])
    expected = [plain.loss(batch=toy_batch(step=step)).item() for step in (4, 5)]
    assert losses == pytest.approx([expected[0], 3 * expected[1]])


def test_the_metric_loss_of_the_varied_embedding_is_another(named, weigh):
    batch, run = toy_batch(), ToyRun(named["dvml"])
    values = []
    for weights in ((0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0)):
        weigh(*weights)
        values.append(run.loss(batch=batch).item())
    assert values[0] != values[1]
    assert torch.isfinite(torch.tensor(values)).all()
