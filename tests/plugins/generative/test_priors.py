"""Divergences from priors, by hand, by enumeration and by the library."""

import itertools
import math

import numpy as np
import pytest
import torch
from bench_methods.generative.fitted_prior import FittedPrior
from bench_methods.generative.posterior import Drawn, Posterior, diagonal_normal
from bench_methods.generative.prior import HypercubePrior, UnitPrior
from bench_methods.generative.vamp_prior import VampPrior
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture
from torch.distributions import Normal

from harness import Outputs
from harness.testing import ToyRun, ToyView, toy_batch

BY_HAND = 1.806852819
NOTHING = Normal(torch.zeros(0, 2), torch.ones(0, 2))


def by_hand(samples=1):
    """N((1, -1), diag(1, 4)), as many times as asked; float64."""
    mean = torch.tensor([[1.0, -1.0]], dtype=torch.float64).expand(samples, 2)
    log_variance = torch.tensor([[0.0, math.log(4)]], dtype=torch.float64).expand(samples, 2)
    return diagonal_normal(mean, log_variance)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_divergence_from_the_unit_normal():
    posterior = by_hand()
    found = UnitPrior().divergence(posterior, posterior.loc, NOTHING)
    assert found.tolist() == pytest.approx([BY_HAND], abs=1e-9)


def test_the_unit_normal_is_no_distance_from_itself():
    posterior = diagonal_normal(torch.zeros(3, 4), torch.zeros(3, 4))
    assert UnitPrior().divergence(posterior, posterior.loc, NOTHING).tolist() == [0.0] * 3


def test_the_divergence_by_samples_tends_to_the_closed_form():
    torch.manual_seed(0)
    posterior = by_hand(samples=200_000)
    unit = Normal(torch.zeros(1, 2).double(), torch.ones(1, 2).double())
    prior = VampPrior(1, (3,), generator())
    single = prior.divergence(posterior, posterior.rsample(), unit)
    assert (single < 0).any()
    assert single.mean().item() == pytest.approx(BY_HAND, abs=0.01)


@pytest.mark.parametrize(("log_variance", "value"), [(0.0, -2.837877), (1.0, -3.205757)])
def test_the_density_of_the_hypercube_mixture_in_its_middle(log_variance, value):
    middle = torch.zeros(1, 2, dtype=torch.float64)
    found = HypercubePrior(log_variance).log_density(middle, NOTHING)
    assert found.tolist() == pytest.approx([value], abs=1e-6)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_hypercube_mixture_is_that_of_all_its_vertices(size):
    points = np.random.default_rng(0).normal(size=(5, size), scale=2)
    vertices = list(itertools.product((-1, 1), repeat=size))
    each = [multivariate_normal(vertex, math.exp(0.5)).pdf(points) for vertex in vertices]
    expected = np.log(np.mean(each, axis=0))
    found = HypercubePrior(0.5).log_density(torch.from_numpy(points), NOTHING)
    assert (len(vertices), found.tolist()) == (2**size, pytest.approx(expected.tolist()))


def test_the_density_of_the_hypercube_mixture_is_finite_in_64_dimensions_far_away():
    far = torch.full((1, 64), 100.0, requires_grad=True)
    density = HypercubePrior(-2.0).log_density(far, NOTHING)
    density.sum().backward()
    assert torch.isfinite(density).all()
    assert torch.isfinite(far.grad).all()


def test_a_vamp_prior_is_the_mean_of_its_pseudo_inputs_posteriors():
    pseudo = Normal(torch.tensor([[-1.0, 0.0], [2.0, 1.0]]), torch.tensor([[1.0, 2.0], [0.5, 1.0]]))
    point = torch.tensor([[0.5, -0.5]])
    expected = pseudo.log_prob(point).sum(dim=1).exp().mean().log()
    found = VampPrior(2, (3,), generator()).log_density(point, pseudo)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_pseudo_inputs_start_as_training_inputs():
    view = ToyView(toy_batch())
    prior = VampPrior(6, (12,), generator())
    prior.prepare(view)
    known = {tuple(row) for row in view.inputs(torch.arange(len(view))).tolist()}
    started = {tuple(row) for row in prior.companions().tolist()}
    assert started <= known
    assert len(started) > 1


def test_a_fitted_prior_is_the_unit_normal_until_it_is_fitted():
    posterior = by_hand()
    found = FittedPrior(3, generator()).divergence(posterior, posterior.loc, NOTHING)
    assert found.tolist() == pytest.approx([BY_HAND], abs=1e-9)


def clusters():
    """Ninety points around three centres, float64 (90, 2)."""
    draw = np.random.default_rng(0)
    centres = np.repeat([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]], 30, axis=0)
    return torch.from_numpy(centres + draw.normal(size=centres.shape))


def test_a_fitted_prior_has_the_density_that_the_library_gives():
    points = clusters()
    prior = FittedPrior(3, generator())
    prior.fit(points)
    library = GaussianMixture(3, covariance_type="diag", random_state=0).fit(points.numpy())
    posterior = diagonal_normal(points, torch.zeros_like(points))
    own = posterior.log_prob(points).sum(dim=1)
    found = own - prior.divergence(posterior, points, NOTHING)
    assert found.tolist() == pytest.approx(library.score_samples(points.numpy()).tolist(), rel=1e-3)


def test_a_prior_fitted_to_few_points_has_fewer_components():
    points = clusters()[:10]
    prior = FittedPrior(200, generator())
    prior.fit(points)
    posterior = diagonal_normal(points, torch.zeros_like(points))
    assert torch.isfinite(prior.divergence(posterior, points, NOTHING)).all()


@pytest.mark.parametrize("normalized", [True, False])
def test_a_drawn_point_is_of_the_posterior_and_placed_as_embeddings_are(normalized):
    posterior = Posterior(3, 2)
    rows = Outputs(torch.randn(20_000, 3), torch.ones(20_000, 2), torch.ones(20_000, 2))
    _, point, placed = Drawn(posterior, normalized=normalized)(rows)
    away = (point - posterior(rows).loc) / posterior(rows).scale
    assert away.mean().item() == pytest.approx(0.0, abs=0.05)
    assert away.std().item() == pytest.approx(1.0, abs=0.05)
    expected = point / point.norm(dim=1, keepdim=True) if normalized else point
    assert torch.allclose(placed, expected)


@pytest.mark.parametrize("name", ["dml-unit-prior", "dml-gmm-prior"])
def test_the_metric_loss_is_of_a_drawn_point_as_in_the_paper_or_of_the_embedding(named, name):
    method, batch = named[name], toy_batch(step=1)
    point = {"alpha": 0.0, "metric_loss": "softmax"}
    runs = {of: ToyRun(method, {**point, "metric_of": of}) for of in ("sample", "mean")}
    losses = {
        of: [run.loss(step, batch=batch).item() for step in (1, 2)] for of, run in runs.items()
    }
    assert losses["mean"][0] == losses["mean"][1]
    assert len({*losses["sample"], losses["mean"][0]}) == 3


def test_the_posterior_is_centred_on_the_unnormalised_embedding_within_bounds():
    linear = torch.randn(4, 2)
    features = 1000 * torch.randn(4, 3)
    posterior = Posterior(3, 2)(Outputs(features, linear, linear / linear.norm(dim=1)[:, None]))
    log_variances = 2 * posterior.scale.log()
    assert torch.equal(posterior.loc, linear)
    assert log_variances.min().item() >= -6.0001
    assert log_variances.max().item() <= 2.0001
