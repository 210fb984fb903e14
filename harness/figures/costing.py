"""Cost against score, and who is beaten by nobody in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.results import Cost


@dataclass(frozen=True)
class CostAxis:
    """One way to count what a run cost."""

    title: str
    of: Callable[[Cost], float]


COSTS: Mapping[str, CostAxis] = {
    "training_seconds": CostAxis("training time (s a run)", lambda c: c.training_seconds),
    "images_embedded": CostAxis("images embedded (a run)", lambda c: c.images_embedded),
    "parameters": CostAxis("trainable parameters", lambda c: c.parameters),
    "backward_passes": CostAxis("backward passes a step", lambda c: c.backward_passes_per_step),
}


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Positions of the (cost, score) that no other point beats in both, cheapest first."""
    front: list[int] = []
    best = float("-inf")
    for place in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if points[place][1] > best:
            front.append(place)
            best = points[place][1]
    return front
