"""The dynamic soft margin: its histogram, and the library's value on a first batch."""

import pytest
import torch
from bench_methods.pairs.dynamic_soft_margin_loss import DynamicSoftMarginLoss
from pytorch_metric_learning import losses

LABELS = torch.arange(4).repeat_interleave(3)


def test_the_value_of_a_first_batch_is_that_of_the_library(scattered):
    embeddings = scattered(LABELS)
    ours = DynamicSoftMarginLoss(40, 0.01).double()(embeddings, LABELS)
    theirs = losses.DynamicSoftMarginLoss(num_bins=40)(embeddings, LABELS)
    assert ours.item() == pytest.approx(theirs.item())


def test_the_histogram_is_a_moving_average_of_shares(scattered):
    first, second = (scattered(LABELS, seed) for seed in (0, 1))
    loss = DynamicSoftMarginLoss(20, 0.25).double()
    alone = []
    for embeddings in (first, second):
        fresh = DynamicSoftMarginLoss(20, 0.25).double()
        fresh(embeddings, LABELS)
        loss(embeddings, LABELS)
        alone.append(fresh.histogram)
    torch.testing.assert_close(loss.histogram, 0.75 * alone[0] + 0.25 * alone[1])
    assert loss.histogram.sum().item() == pytest.approx(1.0)


def test_a_second_step_can_be_taken_backward(scattered):
    loss = DynamicSoftMarginLoss(20, 0.5).double()
    for seed in (0, 1):
        embeddings = scattered(LABELS, seed).requires_grad_()
        loss(embeddings, LABELS).backward()
        assert embeddings.grad.any()


@pytest.mark.parametrize("angles", [(0, 180, 0, 180), (0, 0, 180, 180)], ids=["worst", "best"])
def test_the_ends_of_the_histogram_are_inside_it(at_angles, angles):
    loss = DynamicSoftMarginLoss(10, 0.1).double()(at_angles(*angles), torch.tensor([0, 0, 1, 1]))
    assert loss.isfinite()
