"""Ensembles: trunks side by side, each with its share of the embedding."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import normalize

from harness.data import stream_seed
from harness.models.backbone import (
    Backbone,
    JoinedHeads,
    JoinedTrunks,
    build_backbone,
    weights_digest,
)
from harness.models.convnet import MLP, build_mlp
from harness.protocol.model import BackboneRule

INPUTS = torch.randn((6, 5), generator=torch.Generator().manual_seed(0))
SIZE = 12


def ensemble(members: int, *, unit: bool = True, freeze: bool = False) -> Backbone:
    rule = BackboneRule(
        name="mlp", weights="random", freeze_batch_norm=freeze, embedding_size=SIZE, normalize=unit
    )
    return build_backbone(build_mlp, rule, (5,), fold=0, seed=0, members=members).eval()


def alone(model: Backbone, member: int) -> torch.Tensor:
    """What one member's head gives from its own trunk."""
    trunk, head = model.trunk, model.head
    assert isinstance(trunk, JoinedTrunks)
    assert isinstance(head, JoinedHeads)
    shares: torch.Tensor = head.members[member](trunk.members[member](INPUTS))
    return shares


def cosines(embeddings: torch.Tensor) -> torch.Tensor:
    unit = normalize(embeddings)
    return unit @ unit.T


def test_the_cosine_of_an_ensemble_is_the_mean_of_its_members_cosines() -> None:
    model = ensemble(3)
    expected = torch.stack([cosines(alone(model, member)) for member in range(3)]).mean(0)
    torch.testing.assert_close(cosines(model(INPUTS)), expected)


def test_an_ensembles_embeddings_have_unit_norm() -> None:
    torch.testing.assert_close(ensemble(4)(INPUTS).norm(dim=1), torch.ones(6))


def test_each_member_has_an_equal_share_of_the_embedding() -> None:
    model = ensemble(3, unit=False)
    expected = torch.cat([alone(model, member) for member in range(3)], dim=1)
    assert expected.shape == (6, SIZE)
    assert torch.equal(model(INPUTS), expected)


def test_features_of_the_members_are_joined_in_their_order() -> None:
    model = ensemble(3)
    assert isinstance(model.trunk, JoinedTrunks)
    assert model.trunk.feature_size == 3 * MLP(5).feature_size
    second = model.trunk(INPUTS).chunk(3, dim=1)[1]
    assert torch.equal(second, model.trunk.members[1](INPUTS))


def test_members_start_from_different_weights() -> None:
    trunk = ensemble(2).trunk
    assert isinstance(trunk, JoinedTrunks)
    assert weights_digest(trunk.members[0]) != weights_digest(trunk.members[1])


def test_gradients_of_a_members_share_reach_no_other_member() -> None:
    model = ensemble(2, unit=False)
    model(INPUTS)[:, : SIZE // 2].sum().backward()
    reached = {name for name, w in model.named_parameters() if w.grad is not None and w.grad.any()}
    assert reached == {name for name, _ in model.named_parameters() if ".members.0." in name}


@pytest.mark.parametrize("freeze", [True, False])
def test_batch_norm_of_every_member_is_frozen_if_any_is(freeze: bool) -> None:
    model = ensemble(2, freeze=freeze).train()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d)]
    assert [norm.training for norm in norms] == [not freeze] * 2


def test_one_member_is_a_backbone_as_ever() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed(0, "weights", 0))
        trunk, head = MLP(5), nn.Linear(256, SIZE)
    plain = nn.ModuleDict({"trunk": trunk, "head": head})
    assert weights_digest(ensemble(1)) == weights_digest(plain)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("unit", [True, False])
def test_one_pass_gives_all_outputs(members: int, unit: bool) -> None:
    model = ensemble(members, unit=unit)
    outputs = model.outputs(INPUTS)
    assert torch.equal(outputs.features, model.trunk(INPUTS))
    assert torch.equal(outputs.linear, model.head(outputs.features))
    assert torch.equal(outputs.embeddings, model(INPUTS))
    assert torch.equal(outputs.linear, outputs.embeddings) is not unit
