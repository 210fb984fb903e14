"""What a plugin's trunk is asked before the first run: by kinds of faults, and of what is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from harness import BackboneSource, Trunk
from harness.errors import UserError
from harness.execution.trunks import build_twice
from harness.protocol.model import BackboneRule
from harness.registry import Origin

SHAPE = (1, 4, 4)
ORIGIN = Origin(plugin="mine", distribution="mine", version="1", root=None)


class Small(Trunk):
    """Sound; `more` changes it after it is made."""

    feature_size = 4

    def __init__(self, more: Callable[[Small], None] = lambda trunk: None) -> None:
        super().__init__()
        self.layer: nn.Module = nn.Linear(16, 4)
        more(self)

    def forward(self, inputs: Tensor) -> Tensor:
        features: Tensor = self.layer(inputs.flatten(1))
        return features


def asked(build: Callable[[tuple[int, ...]], object]) -> list[str]:
    source = BackboneSource(name="small", build=build, summary="s")  # type: ignore[arg-type]
    rule = BackboneRule(
        name="small", weights="random", freeze_batch_norm=False, embedding_size=4, normalize=True
    )
    return build_twice(ORIGIN, source=source, rule=rule, shape=SHAPE)["digests"]


def changed(**attributes: object) -> Callable[[Small], None]:
    def more(trunk: Small) -> None:
        for name, value in attributes.items():
            setattr(trunk, name, value)

    return more


def after(act: Callable[[Small, Tensor], object]) -> Callable[[Small], None]:
    """A forward that makes something else of the features."""

    def more(trunk: Small) -> None:
        trunk.forward = lambda x: act(trunk, Small.forward(trunk, x))  # type: ignore[method-assign, assignment, return-value]

    return more


def weights_in_a_list(trunk: Small) -> None:
    trunk.all = [nn.Linear(4, 4)]  # type: ignore[assignment]
    after(lambda trunk, x: trunk.all[0](x))(trunk)  # type: ignore[index, operator]


def counting(trunk: Small) -> None:
    passes: list[int] = []

    def act(trunk: Small, features: Tensor) -> Tensor:
        passes.append(1)
        return features * len(passes)

    after(act)(trunk)


def statistics_of_the_batch(trunk: Small) -> None:
    trunk.layer = nn.Sequential(nn.Linear(16, 4), nn.BatchNorm1d(4, track_running_stats=False))
    after(lambda trunk, x: x)(trunk)


FAULTS = {
    "a layer without a size": (changed(layer=nn.LazyLinear(4)), "layer.weight has no size"),
    "a layer on no device": (
        changed(layer=nn.Linear(16, 4, device="meta")),
        "layer.weight is built on device meta",
    ),
    "a size that is none": (changed(feature_size="4"), "feature_size is '4'"),
    "a size of nothing": (changed(feature_size=0), "feature_size is 0"),
    "another width": (changed(feature_size=3), r"shape \(2, 4\) .* asks for \(2, 3\)"),
    "more dimensions": (after(lambda _, x: x[:, :, None]), r"shape \(2, 4, 1\) .* asks for"),
    "features in a tuple": (after(lambda _, x: (x,)), "forward gave tuple, not a tensor"),
    "no gradient": (after(lambda _, x: x.detach()), "its features have no gradient"),
    "layers in a plain list": (weights_in_a_list, r"2 of the weights .* \(\(4, 4\), \(4,\)\)"),
    "the mean of a batch": (after(lambda _, x: x - x.mean(0)), "beside another one than alone"),
    "noise": (after(lambda _, x: x + torch.rand_like(x)), "beside another one than alone"),
    "a counter": (counting, "beside another one than alone"),
    "a word for a network": (lambda _: int("four"), "ValueError: invalid literal"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_trunk_that_cannot_be_compared_with_is_refused_by_name(kind: str) -> None:
    more, said = FAULTS[kind]
    with pytest.raises(UserError, match=rf"^backbone 'small' \(mine 1\): .*{said}"):
        asked(lambda _: Small(more))  # type: ignore[arg-type]


def test_what_is_no_trunk_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="build returned Linear, not a Trunk"):
        asked(lambda _: nn.Linear(16, 4))


SOUND = {
    "plain": lambda _: None,
    "a layer that is not used": changed(other=nn.Linear(4, 4)),
    "a layer that is not trained": changed(layer=nn.Linear(16, 4).requires_grad_(False)),
    "no weights": changed(layer=nn.Flatten(), feature_size=16),
    "dropout": changed(layer=nn.Sequential(nn.Linear(16, 4), nn.Dropout(0.5))),
    "batch norm": changed(layer=nn.Sequential(nn.Linear(16, 4), nn.BatchNorm1d(4))),
    "one weight twice": changed(
        layer=nn.utils.parametrizations.weight_norm(nn.Linear(16, 4)), feature_size=4
    ),
    "what fails in a pass, which is a run's to say": after(lambda _, x: x.view(3, 7)),
}


@pytest.mark.parametrize("kind", SOUND)
def test_a_trunk_that_can_be_compared_with_is_not(kind: str) -> None:
    assert len(asked(lambda _: Small(SOUND[kind]))) == 2
