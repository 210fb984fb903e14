"""Backbones: the same start for every method, and batch norm that can stand still."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from harness.models.backbone import Backbone, build_backbone, weights_digest
from harness.models.convnet import build_convnet, build_linear, build_mlp
from harness.protocol.model import BackboneRule

IMAGES = torch.rand((6, 1, 8, 8), generator=torch.Generator().manual_seed(0))


def backbone(*, fold: int = 0, seed: int = 0, **values: Any) -> Backbone:
    fixed = {"name": "convnet-small", "weights": "random", "freeze_batch_norm": False}
    rule = BackboneRule(**{**fixed, "embedding_size": 4, "normalize": True, **values})
    return build_backbone(build_convnet, rule, (1, 8, 8), fold=fold, seed=seed)


def buffers(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.named_buffers()}


def test_the_same_seed_gives_the_same_weights_whatever_the_global_state() -> None:
    torch.manual_seed(1)
    one = backbone()
    torch.manual_seed(2)
    assert weights_digest(one) == weights_digest(backbone())


@pytest.mark.parametrize("other", [{"seed": 1}, {"fold": 1}])
def test_another_seed_or_fold_gives_other_weights(other: dict[str, int]) -> None:
    assert weights_digest(backbone()) != weights_digest(backbone(**other))


def test_building_leaves_the_global_state_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    backbone()
    assert torch.equal(torch.rand(1), expected)


def test_building_leaves_the_global_state_alone_even_if_the_trunk_fails() -> None:
    def fail(_shape: tuple[int, ...]) -> Any:
        torch.manual_seed(99)
        raise RuntimeError("no such trunk")

    rule = BackboneRule(
        name="x", weights="random", freeze_batch_norm=False, embedding_size=4, normalize=True
    )
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="no such trunk"):
        build_backbone(fail, rule, (1, 8, 8), fold=0, seed=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_size_of_the_embedding_does_not_move_the_trunks_weights() -> None:
    small, large = backbone(embedding_size=4), backbone(embedding_size=32)
    assert weights_digest(small.trunk) == weights_digest(large.trunk)


def test_embeddings_are_as_wide_as_the_protocol_says() -> None:
    assert backbone(embedding_size=16)(IMAGES).shape == (6, 16)


def test_normalised_embeddings_have_unit_norm() -> None:
    norms = backbone()(IMAGES).norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(6))


def test_other_embeddings_are_what_the_head_gives() -> None:
    plain = backbone(normalize=False).eval()
    assert torch.equal(plain(IMAGES), plain.head(plain.trunk(IMAGES)))


def test_normalising_changes_the_length_of_embeddings_alone() -> None:
    unit, plain = backbone(normalize=True).eval(), backbone(normalize=False).eval()
    torch.testing.assert_close(unit(IMAGES), nn.functional.normalize(plain(IMAGES)))


@pytest.mark.parametrize("freeze", [True, False])
def test_frozen_batch_norm_keeps_its_statistics_over_train(freeze: bool) -> None:
    model = backbone(freeze_batch_norm=freeze)
    before = buffers(model)
    model.eval()
    model.train()
    model(IMAGES)
    stood_still = all(torch.equal(before[name], value) for name, value in buffers(model).items())
    assert stood_still is freeze


def test_frozen_batch_norm_still_gets_gradients() -> None:
    model = backbone(freeze_batch_norm=True).train()
    model(IMAGES)[:, 0].sum().backward()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 3
    for norm in norms:
        assert norm.weight.grad is not None
        assert norm.weight.grad.any()


def test_a_frozen_backbone_trains_but_for_its_batch_norm() -> None:
    model = backbone(freeze_batch_norm=True).train()
    modes = {type(module).__name__: module.training for module in model.modules()}
    assert modes == {**dict.fromkeys(modes, True), "BatchNorm2d": False}


def test_a_copy_of_a_frozen_backbone_is_frozen_too() -> None:
    model = copy.deepcopy(backbone(freeze_batch_norm=True))
    before = buffers(model)
    model.train()(IMAGES)
    assert all(torch.equal(before[name], value) for name, value in buffers(model).items())


def test_freezing_does_not_move_the_initial_weights() -> None:
    assert weights_digest(backbone(freeze_batch_norm=True)) == weights_digest(backbone())


@pytest.mark.parametrize("name", backbone().state_dict())
def test_the_digest_changes_with_any_weight_or_statistic(name: str) -> None:
    model = backbone()
    before = weights_digest(model)
    with torch.no_grad():
        value = model.state_dict()[name]
        value[(-1,) * value.ndim] += 1
    assert weights_digest(model) != before


def test_the_digest_does_not_depend_on_the_layout_in_memory() -> None:
    model = backbone()
    before = weights_digest(model)
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    assert weights_digest(model) == before


@pytest.mark.parametrize(
    ("build", "shape"),
    [(build_convnet, (3, 28, 28)), (build_convnet, (1, 8, 8)), (build_mlp, (5,))],
)
def test_a_trunk_gives_features_as_wide_as_it_says(
    build: Callable[[tuple[int, ...]], Any], shape: tuple[int, ...]
) -> None:
    trunk = build(shape)
    assert trunk(torch.rand(4, *shape)).shape == (4, trunk.feature_size)


def test_bfloat16_computes_in_it_and_gives_float32() -> None:
    exact, rounded = backbone(), backbone(precision="bfloat16")
    seen = []
    rounded.head.register_forward_hook(lambda _module, _given, result: seen.append(result.dtype))
    outputs = rounded.outputs(IMAGES)
    assert seen == [torch.bfloat16]
    assert {part.dtype for part in outputs} == {rounded.features(IMAGES).dtype} == {torch.float32}
    assert {weight.dtype for weight in rounded.parameters()} == {torch.float32}
    outputs.embeddings.sum().backward()  # type: ignore[no-untyped-call]
    assert {weight.grad.dtype for weight in rounded.parameters() if weight.grad is not None} == {
        torch.float32
    }
    assert not torch.equal(outputs.embeddings, exact(IMAGES))
    assert torch.allclose(outputs.embeddings, exact(IMAGES), atol=0.05)


def test_the_precision_is_no_part_of_the_initial_weights() -> None:
    assert weights_digest(backbone()) == weights_digest(backbone(precision="bfloat16"))


@pytest.mark.parametrize("members", [1, 2])
def test_an_orthogonal_head_keeps_the_cosines_of_features(members: int) -> None:
    rule = BackboneRule(
        name="linear", weights="random", freeze_batch_norm=False, embedding_size=6 * members,
        normalize=False, head="orthogonal",
    )  # fmt: skip
    inputs = torch.randn(8, 6, generator=torch.Generator().manual_seed(0))
    built = build_backbone(build_linear, rule, (6,), fold=0, seed=0, members=members)
    embeddings = built(inputs)
    torch.testing.assert_close(embeddings @ embeddings.T, members * (inputs @ inputs.T))
    other = build_backbone(build_linear, rule, (6,), fold=0, seed=1, members=members)
    assert not torch.allclose(embeddings, other(inputs))
