"""The MetricVAE's pseudo-inputs, and the prior that is fitted half-way."""

import pytest
import torch

from harness.testing import ToyRun, toy_batch


class Counting:
    """An `Embed` that notes how many rows each pass has."""

    def __init__(self, embed):
        self.embed = embed
        self.passes = []

    def outputs(self, inputs):
        self.passes.append(len(inputs))
        return self.embed.outputs(inputs)


@pytest.mark.parametrize(
    ("name", "point", "passes"),
    [
        ("metric-vae-joint", {"components": 20}, [32 + 20]),
        ("metric-vae-joint", {"components": 20, "alpha": 0.0}, [32]),
        ("dml-fitted-gmm-prior", {}, [32]),
        ("dvml", {}, [32]),
    ],
)
def test_a_step_is_one_pass_through_the_backbone(named, name, point, passes):
    run = ToyRun(named[name], point)
    counting = Counting(run.embed)
    run.loss(batch=toy_batch(), embed=counting)
    assert counting.passes == passes


def test_the_number_of_pseudo_inputs_is_a_hyperparameter(named):
    run = ToyRun(named["metric-vae"], {"components": 17})
    assert run.objective.term.companions().shape == (17, 12)


def test_the_variants_differ_in_their_schedule_alone(named):
    variants = {
        name: named[name].defaults()
        for name in ("metric-vae", "metric-vae-batch", "metric-vae-joint")
    }
    assert [point.pop("schedule") for point in variants.values()] == ["epoch", "batch", "joint"]
    assert variants["metric-vae"] == variants["metric-vae-batch"] == variants["metric-vae-joint"]


def test_the_first_half_is_the_metric_loss_alone(train, named):
    ours, _ = train(named["dml-fitted-gmm-prior"], {"alpha": 0.5})
    plain, _ = train(named["triplet"])
    assert ours[0] == 0.5 * plain[0]


def test_the_prior_is_fitted_half_way_and_joins_the_loss(named):
    method, batch = named["dml-fitted-gmm-prior"], toy_batch()
    run = ToyRun(method)
    before = run.loss(batch=batch).item()
    run.begin_epoch(1)
    embedded = run.embed.outputs(batch.inputs).linear
    mixture, _ = run.objective.prior.mixture
    assert run.loss(batch=batch).item() > before
    assert (mixture.loc.mean(dim=0) - embedded.mean(dim=0)).norm() < embedded.std()


def test_sampling_draws_anew_at_every_step(named):
    run, batch = ToyRun(named["vae"]), toy_batch()
    assert run.loss(0, batch=batch).item() != run.loss(1, batch=batch).item()


def test_the_posteriors_spread_learns_from_the_divergence(named):
    run = ToyRun(named["dml-unit-prior"], {"alpha": 1.0})
    optimizer = torch.optim.Adam(
        [*run.embed.backbone.parameters(), *run.objective.parameters()], lr=0.03
    )
    losses = []
    for step in range(40):
        optimizer.zero_grad()
        loss = run.loss(step)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert min(losses) >= 0
    assert losses[-1] < 0.2 * losses[0]
