"""Whether a plugin's trunk starts from the same weights each time; asked before the first run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.hookspecs import BackboneSource
from harness.registry.asking import ask

if TYPE_CHECKING:
    from harness.execution.executor import Bench
    from harness.protocol.model import BackboneRule
    from harness.registry import Origin

_TASK = "harness.execution.seeding:build_twice"


def require_seeded_trunk(bench: Bench) -> None:
    """Raise UserError where a plugin's trunk is another at each build from one seed.

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
    built = [ask(origin, _TASK, closed=True, **arguments)["digests"] for _ in range(2)]
    if len({digest for digests in built for digest in digests}) > 1:
        where = f"backbone '{rule.name}' ({registered.origin})"
        raise UserError(
            f"{where}: built again from the same seed it has other weights: draw them from torch's "
            "global generator, which the core seeds, and from nothing else"
        )


def build_twice(
    origin: Origin,  # noqa: ARG001 - what a task is called with
    *,
    source: BackboneSource,
    rule: BackboneRule,
    shape: tuple[int, ...],
) -> dict[str, list[str]]:
    """In the child: the digests of the initial weights of two builds from one seed."""
    from harness.models import starting_trunk
    from harness.models.backbone import build_backbone, weights_digest

    build = starting_trunk(source, source.weights_named(rule.weights))
    built = (build_backbone(build, rule, shape, fold=0, seed=0) for _ in range(2))
    return {"digests": [weights_digest(backbone) for backbone in built]}
