"""Which runs of a session are trained together in one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.errors import UserError
from harness.execution.executor import Bench, Runs, Settings
from harness.execution.plan import PlannedRun
from harness.method import Method
from harness.registry import Reference

_NAMED = 6
"""Methods that a line names; more of them are counted."""


def cohorts(runs: Sequence[PlannedRun], bench: Bench, size: int) -> list[Runs]:
    """The runs of a session in groups that are trained together.

    Seeds and folds of one method at one point of its space, `size` at most, where the first of them
    stands in the plan; one alone wherever there is a reason for it.
    """
    reason = why_alone(bench)
    found: list[list[PlannedRun]] = []
    filling: dict[str, list[PlannedRun]] = {}
    for run in runs:
        kind = run.identity.model_copy(update={"seed": 0, "fold": 0}).model_dump_json()
        place = filling.get(kind)
        if place is None or len(place) == size or reason(run.entrant.registered.method):
            place = filling[kind] = []
            found.append(place)
        place.append(run)
    return [tuple(together) for together in found]


def told_together(runs: Sequence[PlannedRun], bench: Bench, settings: Settings) -> str:
    """What of `--together` comes of these runs, in one line; empty where nothing is asked for."""
    if settings.together <= 1 or not runs:
        return ""
    reason = why_alone(bench)
    methods = {run.entrant.name: run.entrant.registered.method for run in runs}
    reasons: dict[str, list[str]] = {}
    for name, method in methods.items():
        reasons.setdefault(reason(method), []).append(name)
    shared = reasons.pop("", [])
    told = [f"{_listed(names)} alone: {why}" for why, names in reasons.items()]
    if shared:
        told.insert(0, f"up to {settings.together} runs of {_listed(shared)} at a time")
    return f"trained together (--together): {'; '.join(told)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED else f"{len(names)} methods"


def why_alone(bench: Bench) -> Callable[[Method], str]:
    """Why runs of a method cannot be trained together, in words; empty where they can."""
    of_trunk = _why_trunk_alone(bench)

    def of_method(method: Method) -> str:
        if not method.trained:
            return "nothing is trained"
        return "each run trains several backbones" if method.members > 1 else of_trunk

    return of_method


def _why_trunk_alone(bench: Bench) -> str:
    import torch

    from harness.execution.run import trunk_inputs
    from harness.models.backbone import Backbone
    from harness.models.stacked import why_not_stacked

    rule = bench.protocol.backbone
    build = bench.registry.backbone(rule.name).item.build
    if isinstance(build, Reference):
        return "a plugin's trunk has a process of its own"
    try:
        with torch.device("meta"):
            trunk = build(trunk_inputs(bench))
            backbone = Backbone(trunk, rule.embedding_size, normalize=rule.normalize)
    except UserError as error:  # which each run will say for itself
        return str(error)
    return why_not_stacked(backbone)
