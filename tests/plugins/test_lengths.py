"""Where a protocol leaves embeddings their lengths, a loss that compares by distance sees them."""

import pytest
import torch
from bench_methods import METHODS

from harness.method.objective import Outputs
from harness.testing import ToyView, toy_context
from harness.testing.toys import batch_for, toy_label_sets

# Compared by angle, though in training a length is part of the logit.
READ_ALL_THE_SAME = {
    *("sphereface", "large-margin-softmax", "adaface", "group-loss"),
    *("covnet-v1", "covnet-v2", "covnet-v3"),
}
TRAINED = [method for method in METHODS if method.trained]


class Stretched:
    """An `Embed` whose embeddings are not normalised, each times a factor of its own."""

    def __init__(self, weights, *, normalized):
        self.weights = weights
        self.normalized = normalized

    def __call__(self, inputs):
        return self.outputs(inputs).embeddings

    def features(self, inputs):
        return inputs[:, :1].expand(-1, 32)

    def outputs(self, inputs):
        linear = inputs @ self.weights
        factors = torch.linspace(1.0, 3.0, len(inputs))[:, None]
        stretched = linear if self.normalized else linear * factors
        return Outputs(self.features(inputs), stretched, stretched)


def loss(method, *, stretched):
    torch.manual_seed(0)
    draw = torch.Generator().manual_seed(0)
    embed = Stretched(torch.randn(12, 8, generator=draw), normalized=not stretched)
    context = toy_context(
        members=method.members,
        generator=draw,
        normalized=False,
        label_sets=toy_label_sets(method),
    )
    objective = method.objective(method.defaults(), context)
    if hasattr(objective, "assignment"):
        objective.assignment = batch_for(method).indices // 2
    if method.name == "random-labels":
        objective.prepare(ToyView(batch_for(method)), embed)
    torch.manual_seed(0)
    return objective(batch_for(method), embed).item()


@pytest.mark.parametrize("method", TRAINED, ids=lambda method: method.name)
def test_lengths_matter_to_whom_they_should(method):
    short, long = (loss(method, stretched=stretched) for stretched in (False, True))
    by_angle = method.comparison == "cosine" and method.name not in READ_ALL_THE_SAME
    assert (short == pytest.approx(long, rel=1e-4)) == by_angle
