"""Arm F: the mean of several views of an image, by hand, and the protocol that asks for it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from harness.models.backbone import MeanOfViews
from harness.protocol import load_protocol

IMAGES = torch.zeros((1, 1, 2, 2))


def view(degrees: float) -> nn.Module:
    """A view that is embedded as a point at this angle, whatever the image."""
    point = torch.tensor([[math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]])

    class Angle(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return point.expand(len(images), 2)

    return Angle()


def mean(*degrees: float, normalize: bool) -> Tensor:
    views = [view(angle) for angle in degrees]
    return MeanOfViews(nn.Identity(), views, normalize=normalize)(IMAGES)[0]


def test_the_mean_of_two_views_is_shorter_than_they_are() -> None:
    # Unit vectors at 0 and 60 degrees.
    torch.testing.assert_close(mean(0, 60, normalize=False).norm(), torch.tensor(0.866025))


def test_normalised_again_it_lies_between_them() -> None:
    x, y = mean(0, 60, normalize=True).tolist()
    assert math.isclose(math.degrees(math.atan2(y, x)), 30.0, abs_tol=1e-4)
    assert math.isclose(math.hypot(x, y), 1.0, abs_tol=1e-6)


def test_the_order_of_views_does_not_matter() -> None:
    torch.testing.assert_close(mean(0, 60, 75, normalize=True), mean(75, 0, 60, normalize=True))


def test_opposite_views_give_no_nan() -> None:
    assert torch.isfinite(mean(0, 180, normalize=True)).all()


def test_the_protocol_of_several_views_differs_in_them_alone() -> None:
    for dataset in load_protocol("dependent-variables").datasets:
        ours, several = (
            load_protocol(name, dataset=dataset).model_dump(exclude={"name", "summary", "digest"})
            for name in ("dependent-variables", "dependent-variables-views")
        )
        assert ours.pop("test_views") is None
        views = several.pop("test_views")
        assert views == {"flip": dataset.startswith("fashion"), "crops": 5}
        assert ours == several
