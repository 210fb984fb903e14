"""Table 4 of the CovNet paper: the trainable parameters of networks and tails, counted again.

The paper prints 2,486,523 and 2,489,078 for v1 and v2 on Colorectal: those of its own layers with
eight classes are fewer. FaceNet's columns are left out: its weights are not here.
"""

import pytest
import torch
from bench_methods import METHODS

from harness.models.backbone import Backbone
from harness.models.papers import covnet_cifar10, covnet_food11
from harness.testing import toy_context

SIZE = 100
NAMED = {method.name: method for method in METHODS}
NETWORKS = {
    "CIFAR-10": (covnet_cifar10, 32, 10),
    "Food-11": (covnet_food11, 128, 11),
    "Colorectal": (covnet_food11, 128, 8),
}
TABLE = {
    ("covnet-v1", "CIFAR-10"): 1_830_294,
    ("covnet-v1", "Food-11"): 2_486_523,
    ("covnet-v1", "Colorectal"): 2_486_220,
    ("covnet-v2", "CIFAR-10"): 1_834_839,
    ("covnet-v2", "Food-11"): 2_492_078,
    ("covnet-v2", "Colorectal"): 2_489_048,
    ("covnet-v3", "CIFAR-10"): 1_829_585,
    ("covnet-v3", "Food-11"): 2_485_713,
    ("covnet-v3", "Colorectal"): 2_485_713,
    ("siamese-vector", "CIFAR-10"): 1_829_585,
    ("siamese-vector", "Food-11"): 2_485_713,
    ("siamese-vector", "Colorectal"): 2_485_713,
    ("triplet", "CIFAR-10"): 1_829_284,
    ("triplet", "Food-11"): 2_485_412,
    ("triplet", "Colorectal"): 2_485_412,
}


def count(module):
    return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)


@pytest.fixture(scope="module")
def networks():
    """Parameters of the embedding network of each dataset, of three channels."""
    with torch.device("meta"):
        return {
            name: count(Backbone(build((3, side, side)), SIZE, normalize=True))
            for name, (build, side, _) in NETWORKS.items()
        }


@pytest.mark.parametrize(("method", "dataset"), TABLE)
def test_the_trainable_parameters_are_those_of_the_table(networks, method, dataset):
    context = toy_context(classes=NETWORKS[dataset][2], embedding_size=SIZE)
    objective = NAMED[method].objective(NAMED[method].defaults(), context)
    assert networks[dataset] + count(objective) == TABLE[method, dataset]
