"""The audited way to the backbone: what is counted, and once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.models.backbone import Backbone
from harness.testing import ToyEmbed, toy_batch
from harness.training.embedding import AuditedEmbed
from harness.training.outcomes import Tampered

INPUTS = toy_batch().inputs
SIZE = 8


def audited(members: int = 1) -> tuple[AuditedEmbed, Backbone]:
    backbone = ToyEmbed(members=members).backbone.eval()
    return AuditedEmbed(backbone, SIZE), backbone


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


@pytest.mark.parametrize("call", [AuditedEmbed.__call__, AuditedEmbed.outputs])
def test_another_embedding_size_is_found(call: Callable[..., Any]) -> None:
    embed, backbone = audited()
    backbone.head = nn.Linear(32, 3)
    with pytest.raises(Tampered, match=r"shape \(32, 3\) in place of \(B, 8\)"):
        call(embed, INPUTS)
