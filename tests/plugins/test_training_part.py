"""Embedding the whole training part in chunks."""

import torch
from bench_methods.training_part import CHUNK, embed_all


class Numbered:
    """A view whose inputs are their positions."""

    def __len__(self):
        return 2 * CHUNK + 3

    def inputs(self, indices):
        return indices.float()[:, None]


def test_every_input_is_embedded_once_in_order_without_gradient():
    weight, passes = torch.ones(1, requires_grad=True), []

    def embed(inputs):
        passes.append(len(inputs))
        return weight * inputs

    embedded = embed_all(Numbered(), embed)
    assert embedded.flatten().tolist() == list(range(2 * CHUNK + 3))
    assert passes == [CHUNK, CHUNK, 3]
    assert not embedded.requires_grad
