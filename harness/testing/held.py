"""The promise that what a method learns is trained: an optimizer holds all its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from harness.models.backbone import leaves_behind
from harness.testing.applicable import needs_training
from harness.testing.places import builder_place
from harness.testing.toys import ToyRun

if TYPE_CHECKING:
    from harness.method import Method

_DEPTH = 6


def an_optimizer_holds_its_parameters(method: Method) -> None:
    """All that the loss can train is a parameter of the Objective once it is prepared.

    The core's optimizer takes the Objective's parameters then; what comes later, or hides in a
    list, is never trained.
    """
    needs_training(method)
    run = ToyRun(method, begun=False)
    lazy = [n for n, p in run.objective.named_parameters() if nn.parameter.is_lazy(p)]
    assert not lazy, (
        f"{method.name}: {', '.join(lazy)} has no size before the first batch, so that no "
        f"optimizer can hold it ({builder_place(method)}): give its size, from context"
    )
    held = {id(parameter) for parameter in run.objective.parameters()}
    theirs = {id(parameter) for parameter in run.embed.backbone.parameters()}
    for epoch in range(2):
        run.begin_epoch(epoch)
        for leaf in leaves_behind(run.loss(epoch)):
            if id(leaf) not in held | theirs:
                raise AssertionError(_line(method, run.objective, leaf))


def _line(method: Method, objective: nn.Module, leaf: Tensor) -> str:
    name = next((n for n, found in _reachable(objective, "") if found is leaf), "")
    shown = name or f"a tensor of shape {tuple(leaf.shape)}"
    if any(parameter is leaf for parameter in objective.parameters()):
        cure = "it is made after the optimizer was: make it in __init__ or in prepare, and keep it"
    elif name:
        cure = (
            "it hides in what torch does not look into: keep modules in an nn.ModuleList or "
            "nn.ModuleDict, parameters in an nn.ParameterList or as nn.Parameter attributes"
        )
    else:
        cure = "make it an nn.Parameter that is an attribute of the Objective"
    return f"{method.name}: no optimizer holds {shown} ({builder_place(method)}): {cure}"


def _reachable(thing: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """Tensors that attributes, lists and mappings lead to, with the way to them."""
    if isinstance(thing, Tensor):
        yield name, thing
    elif depth < _DEPTH:
        for key, part in _parts(thing, name):
            yield from _reachable(part, key, depth + 1)


def _parts(thing: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, nn.Module):
        inner = {**vars(thing), **thing._parameters, **thing._modules}
        dot = f"{name}." if name else ""
        yield from ((f"{dot}{key}", part) for key, part in inner.items() if key[:1] != "_")
    elif isinstance(thing, Mapping):
        yield from ((f"{name}[{key!r}]", part) for key, part in thing.items())
    elif isinstance(thing, list | tuple):
        yield from ((f"{name}[{place}]", part) for place, part in enumerate(thing))
