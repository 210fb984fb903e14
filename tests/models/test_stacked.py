"""Backbones in one pass compute what each computes alone: outputs, gradients, statistics, steps."""

from __future__ import annotations

import pytest
import torch

from harness.models import core_backbones
from harness.models.backbone import build_backbone
from harness.models.stacked import Stack, why_not_stacked
from harness.protocol.model import BackboneRule
from harness.testing.devices import pretended_device

# Additions in another order: a few units in the last place of float32, through three layers.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
VECTORS = {"mlp", "residual-mlp", "linear"}
SHARING = {"convnet-small", "convnet-strided", *VECTORS}
BUILT = {one.name: one for one in core_backbones() if one.member is None}
RUNS, BATCH = 3, 8


def shape_of(name):
    return (6,) if name in VECTORS else (2, 32, 32)


def build(name, seed, **changes):
    fixed = {"weights": "random", "freeze_batch_norm": False, "embedding_size": 8}
    rule = BackboneRule(**{"name": name, "normalize": True, **fixed, **changes})
    return build_backbone(BUILT[name].build, rule, shape_of(name), fold=0, seed=seed).train()


def twice(name, **changes):
    """The same backbones to be stacked and to be left alone, with inputs and gradients."""
    stacked, alone = ([build(name, s, **changes) for s in range(RUNS)] for _ in range(2))
    draw = torch.Generator().manual_seed(0)
    inputs = torch.randn(RUNS, BATCH, *shape_of(name), generator=draw)
    return stacked, alone, inputs, torch.randn(RUNS, BATCH, 8, generator=draw)


def states(backbones):
    return [backbone.state_dict() for backbone in backbones]


@pytest.mark.parametrize(
    "changes",
    [{}, {"normalize": False}, {"freeze_batch_norm": True}, {"precision": "bfloat16"}],
    ids=lambda changes: next(iter(changes), "plain"),
)
@pytest.mark.parametrize("name", sorted(SHARING))
def test_outputs_gradients_and_statistics_are_those_of_each_alone(name, changes):
    stacked, alone, inputs, gradient = twice(name, **changes)
    close = {"rtol": 0.1, "atol": 0.03} if "precision" in changes else CLOSE
    stack = Stack(stacked)
    found = stack.outputs(inputs)
    apart = [backbone.outputs(own) for backbone, own in zip(alone, inputs, strict=True)]
    for which, joined in enumerate(found):
        for mine, theirs in zip(joined, apart, strict=True):
            torch.testing.assert_close(mine, theirs[which], **close)
    found.embeddings.backward(gradient)
    stack.return_gradients(range(RUNS))
    for outputs, own in zip(apart, gradient, strict=True):
        outputs.embeddings.backward(own)
    for mine, theirs in zip(stacked, alone, strict=True):
        for weight, other in zip(mine.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(weight.grad, other.grad, **close)
            assert weight.grad.stride() == weight.stride()  # fused optimizers read them as they lie
    for mine, theirs in zip(states(stacked), states(alone), strict=True):
        torch.testing.assert_close(mine, theirs, **close)


@pytest.mark.parametrize("name", sorted(SHARING))
def test_a_step_on_a_backbone_is_a_step_on_the_stack(name):
    stacked, alone, inputs, _ = twice(name)
    stack = Stack(stacked)
    with torch.no_grad():
        for backbone in (*stacked, *alone):
            for place, weight in enumerate(backbone.parameters()):
                weight.add_(0.01 * place)
        expected = [one(own) for one, own in zip(alone, inputs, strict=True)]
        torch.testing.assert_close(stack.outputs(inputs).embeddings, torch.stack(expected), **CLOSE)


def test_gradients_go_to_the_backbones_that_they_are_of_and_add_to_what_is_there():
    stacked, alone, inputs, gradient = twice("convnet-strided")
    stack = Stack(stacked)
    stacked[1](inputs[1]).backward(gradient[1])
    stack.outputs(inputs).embeddings[1].backward(gradient[1])
    stack.return_gradients([1])
    for _ in range(2):
        alone[1](inputs[1]).backward(gradient[1])
    assert all(weight.grad is None for place in (0, 2) for weight in stacked[place].parameters())
    for weight, other in zip(stacked[1].parameters(), alone[1].parameters(), strict=True):
        torch.testing.assert_close(weight.grad, other.grad, **CLOSE)


def test_what_is_released_keeps_its_numbers_and_is_the_stacks_no_more():
    stacked, _, _, _ = twice("convnet-small")
    before = [{name: value.clone() for name, value in one.items()} for one in states(stacked)]
    stack = Stack(stacked)
    stack.release()
    with torch.no_grad():
        for weight in stacked[0].parameters():
            weight.zero_()
    for mine, theirs in zip(states(stacked)[1:], before[1:], strict=True):
        assert all(torch.equal(value, theirs[name]) for name, value in mine.items())


@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_other_trunk_says_why_it_is_alone(name):
    side = 96 if name == "bn-inception" else 64
    shape = (6,) if name in VECTORS else (3, side, side)
    rule = BackboneRule(
        name=name, weights="random", freeze_batch_norm=False, embedding_size=8, normalize=True
    )
    with torch.device("meta"):
        trunk = BUILT[name].build(shape)
    backbone = build("linear", 0)
    backbone.trunk = trunk
    assert bool(why_not_stacked(backbone)) == (name not in SHARING), rule


def test_an_ensemble_is_alone_and_a_stack_of_it_an_error():
    rule = BackboneRule(
        name="linear", weights="random", freeze_batch_norm=False, embedding_size=8, normalize=True
    )
    backbone = build_backbone(BUILT["linear"].build, rule, (6,), fold=0, seed=0, members=2)
    assert "several backbones" in why_not_stacked(backbone)
    with pytest.raises(ValueError, match="several backbones"):
        Stack([backbone])


@pytest.mark.parametrize("name", sorted(SHARING))
def test_a_stack_computes_on_one_device_and_never_waits(name):
    stacked, _, inputs, gradient = twice(name)
    with pretended_device() as pretended:
        for backbone in stacked:
            backbone.to(pretended.device)
        stack = Stack(stacked)
        outputs = stack.outputs(inputs.to(pretended.device)).embeddings
        outputs.backward(gradient.to(pretended.device))
        stack.return_gradients(range(RUNS))
        assert outputs.device == pretended.device
        assert all(weight.grad.device == pretended.device for weight in stacked[0].parameters())
        assert not pretended.stalls
