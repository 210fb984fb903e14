"""The audited way to the backbone: what is counted, and once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.data.parts import Part
from harness.models.backbone import Backbone
from harness.testing import ToyEmbed, toy_batch
from harness.training import embedding
from harness.training.embedding import AuditedEmbed, evaluation_batch

INPUTS = toy_batch().inputs


def audited(members: int = 1) -> tuple[AuditedEmbed, Backbone]:
    backbone = ToyEmbed(members=members).backbone.eval()
    return AuditedEmbed(backbone), backbone


def spent(embed: AuditedEmbed) -> tuple[int, int, int]:
    counts = embed.counts
    return counts.images_embedded, counts.backward_passes, int(counts.zero_gradients)


def everything(embed: Any) -> Tensor:
    outputs = embed.outputs(INPUTS)
    return outputs.features.sum() + outputs.linear.sum() + outputs.embeddings.sum()


@pytest.mark.parametrize(
    "use",
    [
        lambda embed: embed(INPUTS).sum(),
        lambda embed: embed.features(INPUTS).sum(),
        lambda embed: embed.outputs(INPUTS).embeddings.sum(),
        everything,
    ],
    ids=["embeddings", "features", "one output", "all outputs"],
)
def test_one_pass_counts_its_images_and_its_gradient_once(use: Callable[[Any], Tensor]) -> None:
    embed, _ = audited()
    use(embed).backward()
    assert spent(embed) == (32, 1, 0)


def test_a_pass_of_which_nothing_comes_back_is_no_backward_pass() -> None:
    embed, _ = audited()
    embed.outputs(INPUTS)
    assert spent(embed) == (32, 0, 0)


def test_a_gradient_of_zeros_through_outputs_is_counted_as_such() -> None:
    embed, _ = audited()
    (0 * embed.outputs(INPUTS).linear).sum().backward()
    assert spent(embed) == (32, 1, 1)


def test_outputs_are_what_the_other_calls_give() -> None:
    embed, backbone = audited()
    outputs = embed.outputs(INPUTS)
    assert torch.equal(outputs.embeddings, embed(INPUTS))
    assert torch.equal(outputs.features, embed.features(INPUTS))
    assert torch.equal(outputs.linear, backbone.head(outputs.features))


def test_an_ensemble_embeds_each_image_once_a_member() -> None:
    embed, _ = audited(members=4)
    everything(embed).backward()
    assert spent(embed) == (128, 1, 0)


@pytest.mark.parametrize(
    ("shape", "images"),
    [
        ((1, 28, 28), 512),
        ((3, 32, 32), 512),
        ((3, 64, 64), 512),
        ((128,), 512),
        ((3, 128, 128), 128),
        ((3, 224, 224), 41),
        ((3, 256, 256), 32),
        ((3, 4096, 4096), 1),
    ],
)
def test_fewer_large_images_are_embedded_at_a_time(shape: tuple[int, ...], images: int) -> None:
    assert evaluation_batch(shape) == images


class Sizes(nn.Module):
    """Two features for embeddings; notes how many inputs come at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def forward(self, inputs: Tensor) -> Tensor:
        self.seen.append(len(inputs))
        return inputs[:, :2]


def vectors(count: int) -> Part:
    codes = torch.zeros(count, dtype=torch.int64)
    return Part(
        inputs=torch.arange(4.0 * count).view(count, 4),
        labels=codes,
        known=codes == 0,
        classes=1,
        codes=codes,
        positions=np.arange(count),
    )


def test_a_part_is_embedded_in_batches_that_come_out_in_its_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding, "EVALUATION_VALUES", 12)
    part, network = vectors(7), Sizes()
    found = embedding.embed_part(network, part, lambda inputs: inputs)
    assert network.seen == [3, 3, 1]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, part.inputs[:].numpy()[:, :2])


def test_the_batches_of_a_quirk_are_as_many_as_it_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "EVALUATION_VALUES", 4)
    network = Sizes()
    embedding.embed_part(network, vectors(7), lambda inputs: inputs, training_batches=2)
    assert network.seen == [4, 3]
