"""Several views of each image: their mean embedding, normalised again."""

from __future__ import annotations

import torch
from torch import nn

from harness.models.backbone import MeanOfViews

READER = nn.Sequential(nn.Flatten(), nn.Linear(8, 3))
IMAGES = torch.rand((5, 2, 2, 2), generator=torch.Generator().manual_seed(0))


def mirrored(images: torch.Tensor) -> torch.Tensor:
    return images.flip(3)


def as_it_is(images: torch.Tensor) -> torch.Tensor:
    return images


def test_it_is_the_mean_of_the_views() -> None:
    expected = (READER(IMAGES) + READER(mirrored(IMAGES))) / 2
    found = MeanOfViews(READER, [as_it_is, mirrored], normalize=False)(IMAGES)
    torch.testing.assert_close(found, expected)


def test_it_has_unit_length_where_embeddings_have() -> None:
    plain = MeanOfViews(READER, [as_it_is, mirrored], normalize=False)(IMAGES)
    unit = MeanOfViews(READER, [as_it_is, mirrored], normalize=True)(IMAGES)
    torch.testing.assert_close(unit, plain / plain.norm(dim=1, keepdim=True))


def test_one_view_is_that_view() -> None:
    found = MeanOfViews(READER, [mirrored], normalize=False)(IMAGES)
    torch.testing.assert_close(found, READER(mirrored(IMAGES)))


def test_the_mirror_image_of_an_image_is_embedded_as_the_image() -> None:
    views = MeanOfViews(READER, [as_it_is, mirrored], normalize=True)
    torch.testing.assert_close(views(IMAGES), views(mirrored(IMAGES)))


def test_the_readers_mode_goes_with_it() -> None:
    views = MeanOfViews(READER, [as_it_is], normalize=False)
    views.eval()
    assert not READER.training
    views.train()
    assert READER.training
