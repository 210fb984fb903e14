"""Acme's methods keep the benchmark's contract, and promises of their own."""

import math

import pytest
import torch
from harness.testing import MethodContract, ToyEmbed, ToyView, toy_batch, toy_context

from acme_metric_losses.center import CenterObjective
from acme_metric_losses.plugin import bench_methods
from acme_metric_losses.tuplet import TupletMargin


class TestContract(MethodContract):
    @pytest.fixture(params=bench_methods(), ids=lambda method: method.name)
    def method(self, request):
        return request.param


def test_slack_forgives_a_positive_that_is_a_little_off():
    angles = torch.tensor([0.0, math.radians(10), math.pi, math.pi])
    embeddings = torch.stack([angles.cos(), angles.sin()], dim=1)
    labels = torch.tensor([0, 0, 1, 1])
    strict, slack = (TupletMargin(scale=1.0, slack=s)(embeddings, labels) for s in (0.0, 10.0))
    assert slack < strict


def test_centres_start_at_the_class_means():
    batch, embed = toy_batch(), ToyEmbed()
    objective = CenterObjective(weight=1.0, scale=1.0, context=toy_context())
    objective.prepare(ToyView(batch), embed)
    embeddings = embed(batch.inputs).detach()
    torch.testing.assert_close(objective.centers[3].data, embeddings[batch.labels == 3].mean(0))
