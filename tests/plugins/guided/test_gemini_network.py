"""The teacher's network: the parameters that the authors' code has, and the inputs it takes."""

import pytest
import torch
from bench_methods.guided.gemini_network import Gemini


@pytest.mark.parametrize(
    ("shape", "parameters"),
    [((1, 28, 28), 849_688), ((3, 32, 32), 1_013_144)],
    ids=["MNIST", "CIFAR-10"],
)
def test_the_parameters_are_those_of_the_authors_code(shape, parameters):
    teacher = Gemini(shape, classes=10, embedding_size=2)
    assert sum(weight.numel() for weight in teacher.parameters()) == parameters


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 40), (1, 8, 8), (2, 17, 5), (24,)])
def test_images_of_any_size_and_vectors_are_embedded(shape):
    teacher = Gemini(shape, classes=2, embedding_size=3)
    assert teacher.embed(teacher.local(torch.rand(4, *shape), 1)).shape == (4, 3)


def test_small_images_are_padded_on_all_sides():
    stream = Gemini((1, 8, 9), classes=2, embedding_size=2).streams[0]
    padded = stream[0](torch.ones(1, 1, 8, 9))
    assert padded.shape == (1, 1, 16, 16)
    assert padded[0, 0, 4:12, 3:12].all()
    assert padded.sum().item() == 72


def test_each_class_has_its_own_stream():
    teacher = Gemini((24,), classes=2, embedding_size=3)
    inputs = torch.rand(4, 24)
    assert not torch.equal(teacher.local(inputs, 0), teacher.local(inputs, 1))
