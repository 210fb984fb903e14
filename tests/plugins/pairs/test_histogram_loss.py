"""The histogram loss: what its histograms are, and where two points coincide."""

import pytest
import torch
from bench_methods.pairs.histogram_loss import HistogramLoss, soft_histogram
from pytorch_metric_learning import losses

LABELS = torch.tensor([0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize("bins", [4, 100])
def test_a_histogram_sums_to_one_and_has_the_mean_of_what_it_counts(bins):
    cosines = torch.tensor([-1.0, -0.32, 0.1, 0.77, 1.0], dtype=torch.float64)
    shares = soft_histogram(cosines, bins)
    nodes = torch.linspace(-1, 1, bins + 1, dtype=torch.float64)
    assert shares.sum().item() == pytest.approx(1.0)
    assert (shares * nodes).sum().item() == pytest.approx(cosines.mean().item())


@pytest.mark.parametrize(("angles", "value"), [((0, 0, 0, 180, 180, 180), 0.0), ((0,) * 6, 1.0)])
def test_coinciding_points_are_counted(at_angles, angles, value):
    assert HistogramLoss(10)(at_angles(*angles), LABELS).item() == pytest.approx(value)


def test_the_loss_is_between_nought_and_one_where_classes_are_swapped(at_angles):
    loss = HistogramLoss(10)(at_angles(0, 90, 180, 5, 95, 175), LABELS)
    assert 0.5 < loss.item() <= 1.0


def test_value_and_gradient_are_those_of_the_library(scattered):
    gradients = []
    for loss in (HistogramLoss(20), losses.HistogramLoss(n_bins=20)):
        embeddings = scattered(LABELS).requires_grad_()
        value = loss(embeddings, LABELS)
        value.backward()
        gradients.append((value.detach(), embeddings.grad))
    torch.testing.assert_close(gradients[0], gradients[1])
