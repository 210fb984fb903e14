"""Whether a plugin's trunk can be compared with: asked before the first run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.errors import UserError, one_line
from harness.hookspecs import BackboneSource
from harness.registry.asking import ask

if TYPE_CHECKING:
    from harness.execution.executor import Bench
    from harness.protocol.model import BackboneRule
    from harness.registry import Origin

_TASK = "harness.execution.trunks:build_twice"
_PROBES = 2
_ROUNDING = 1e-3


def require_sound_trunk(bench: Bench) -> None:
    """Raise UserError where a plugin's trunk is none, or is another at each build from one seed.

    It is built twice in each of two processes: neither a draw of its own nor one made when the
    plugin is imported stays hidden.
    """
    from harness.execution.run import trunk_inputs

    rule = bench.protocol.backbone
    registered = bench.registry.backbone(rule.name)
    if registered.origin.files is None:  # the core's own
        return
    arguments: dict[str, Any] = {
        "source": registered.item,
        "rule": rule,
        "shape": trunk_inputs(bench),
    }
    origin = registered.origin
    said = [ask(origin, _TASK, closed=True, **arguments) for _ in range(2)]
    if len({digest for one in said for digest in one["digests"]}) > 1:
        raise UserError(
            f"{_where(rule, origin)}: built again from the same seed it has other weights: draw "
            "them from torch's global generator, which the core seeds, and from nothing else"
        )


def _where(rule: BackboneRule, origin: Origin) -> str:
    return f"backbone '{rule.name}' ({origin})"


def build_twice(
    origin: Origin, *, source: BackboneSource, rule: BackboneRule, shape: tuple[int, ...]
) -> dict[str, list[str]]:
    """In the child: the digests of the initial weights of two builds from one seed.

    Raises UserError that names the backbone where it cannot be built, or is no trunk.
    """
    from harness.models import starting_trunk
    from harness.models.backbone import Trunk, build_backbone, weights_digest

    def sound(input_shape: tuple[int, ...]) -> Trunk:
        trunk = build(input_shape)
        fault = next(_faults(trunk), None)
        if fault is not None:
            raise UserError(f"{_where(rule, origin)}: {fault}")
        return trunk

    build = starting_trunk(source, source.weights_named(rule.weights))
    try:
        built = [build_backbone(sound, rule, shape, fold=0, seed=0) for _ in range(2)]
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{_where(rule, origin)}: {one_line(error)}") from None
    digests = [weights_digest(backbone) for backbone in built]
    fault = next(_faults_of_a_pass(built[0].trunk, shape), None)
    if fault is not None:
        raise UserError(f"{_where(rule, origin)}: {fault}")
    return {"digests": digests}


def _faults(trunk: object) -> Iterator[str]:
    """What is wrong with a trunk before it computes anything."""
    from torch.nn.parameter import is_lazy

    from harness.models.backbone import Trunk

    if not isinstance(trunk, Trunk):
        yield f"build returned {type(trunk).__name__}, not a Trunk"
        return
    size = getattr(trunk, "feature_size", None)
    if type(size) is not int or size < 1:
        yield f"feature_size is {size!r}, not a whole number from 1 on"
    for name, value in (*trunk.named_parameters(), *trunk.named_buffers()):
        if is_lazy(value):
            yield f"{name} has no size before the first pass: build it with its size"
        elif value.device.type != "cpu":
            yield f"{name} is built on device {value.device.type}: the core moves it from the CPU"


def _faults_of_a_pass(trunk: Any, shape: tuple[int, ...]) -> Iterator[str]:
    """What is wrong with the features of some inputs; a pass that raises is left to the runs."""
    import torch

    from harness.models.backbone import leaves_behind

    inputs = torch.randn(_PROBES, *shape, generator=torch.Generator().manual_seed(0))
    try:
        with torch.enable_grad():
            features = trunk.eval()(inputs)
        with torch.no_grad():
            alone = trunk(inputs[:1])
    except Exception:
        return
    if not isinstance(features, torch.Tensor):
        yield f"forward gave {type(features).__name__}, not a tensor"
        return
    if features.shape != (_PROBES, trunk.feature_size):
        yield (
            f"forward gave features of shape {tuple(features.shape)} for {_PROBES} inputs; its "
            f"feature_size asks for {(_PROBES, trunk.feature_size)}"
        )
    if not torch.allclose(features[:1], alone, rtol=_ROUNDING, atol=_ROUNDING, equal_nan=True):
        yield (
            "in evaluation mode an input has other features beside another one than alone: they "
            "must depend on weights and that input (statistics of the batch, noise, a counter?)"
        )
    known = set(map(id, trunk.parameters()))
    weights = [one for one in leaves_behind(features) if id(one) not in known]
    if weights:
        sizes = ", ".join(str(tuple(one.shape)) for one in weights)
        yield (
            f"{len(weights)} of the weights that it computes with ({sizes}) are no parameters of "
            "it, so nothing trains or keeps them: put layers into nn.ModuleList or nn.ModuleDict"
        )
    if not features.requires_grad and any(one.requires_grad for one in trunk.parameters()):
        yield "its features have no gradient, though it has weights to train (a detach, a no_grad?)"
