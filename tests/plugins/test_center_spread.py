"""SoftTriple's regulariser."""

import pytest
import torch
from bench_methods.proxies.center_spread import CenterSpread
from pytorch_metric_learning.regularizers import SparseCentersRegularizer


def test_it_is_the_value_of_the_library_for_centres_apart():
    centers = torch.randn(6 * 4, 8, generator=torch.Generator().manual_seed(0))
    theirs = SparseCentersRegularizer(6, 4)(centers)
    assert CenterSpread(6, 4)(centers).item() == pytest.approx(theirs.item(), rel=1e-5)


def test_two_centres_at_a_right_angle_are_half_a_root_of_two_apart(at_angles):
    assert CenterSpread(1, 2)(at_angles(0, 90)).item() == pytest.approx(2**0.5 / 2, rel=1e-5)


def test_its_gradient_stays_finite_where_centres_meet():
    centers = torch.ones(4, 3).requires_grad_()
    CenterSpread(1, 4)(centers).backward()
    assert centers.grad.isfinite().all()


def test_centres_of_different_classes_do_not_see_each_other(at_angles):
    assert CenterSpread(2, 2)(at_angles(0, 0, 90, 90)).item() == pytest.approx(0.0, abs=2e-3)
