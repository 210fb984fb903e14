"""Distances along decoded lines."""

import math

import pytest
import torch
from bench_methods.generative.decoder import Decoder
from bench_methods.generative.pull_back_loss import PullBackTripletLoss, pull_back_lengths
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from torch import nn

from harness.testing import toy_batch


class Square(nn.Module):
    def forward(self, latent):
        return latent.square()


def test_a_line_is_as_long_as_its_decoded_pieces():
    points = torch.tensor([[-1.0], [1.0], [3.0]])
    # By way of 0, 1 and 2: 1 + 1 (from 1 to 0 and back to 1), 0 + 8, and 3 + 5.
    expected = [[0, 2, 8], [2, 0, 8], [8, 8, 0]]
    assert pull_back_lengths(Square(), points).tolist() == expected


def test_a_decoder_that_changes_nothing_leaves_the_euclidean_distance():
    points = torch.randn(5, 4)
    lengths = pull_back_lengths(nn.Identity(), points)
    assert torch.allclose(lengths, torch.cdist(points, points) / math.sqrt(4), atol=1e-5)


def test_with_such_a_decoder_the_loss_is_the_triplet_loss_of_the_library():
    batch = toy_batch()
    loss = PullBackTripletLoss(nn.Identity(), margin=0.2)(batch.inputs, batch.labels)
    distance = LpDistance(normalize_embeddings=False)
    library = TripletMarginLoss(margin=0.2, distance=distance)
    expected = library(batch.inputs / math.sqrt(12), batch.labels)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_line_is_no_shorter_than_the_distance_of_its_decoded_ends():
    torch.manual_seed(0)
    decoder, points = Decoder(3, (20,)), torch.randn(6, 3)
    ends = decoder(points)
    straight = torch.cdist(ends, ends) / math.sqrt(20)
    assert (pull_back_lengths(decoder, points) >= straight - 1e-5).all()


def test_the_loss_moves_the_embeddings_and_not_the_decoder():
    torch.manual_seed(0)
    decoder, batch = Decoder(12, (20,)), toy_batch()
    embeddings = batch.inputs.clone().requires_grad_()
    PullBackTripletLoss(decoder, margin=0.5)(embeddings, batch.labels).backward()
    assert embeddings.grad.any()
    assert [weight.grad for weight in decoder.parameters()] == [None] * 4


def test_points_that_coincide_have_finite_gradients():
    points = torch.zeros(4, 3, requires_grad=True)
    loss = PullBackTripletLoss(Decoder(3, (20,)), margin=0.5)(points, torch.tensor([0, 0, 1, 1]))
    loss.backward()
    assert loss.item() == pytest.approx(0.5)
    assert torch.isfinite(points.grad).all()
