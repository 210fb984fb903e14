"""`loss_method`: a complete method from a loss on (embeddings, labels)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness.method.method import Comparison, Composition, DefaultsFrom, Method
from harness.method.space import Range, Value

if TYPE_CHECKING:
    from harness.method.objective import Context, Objective

LossBuilder = Callable[..., Any]


def loss_method(  # noqa: PLR0913 - each but the first two is named
    name: str,
    build: LossBuilder,
    *,
    summary: str,
    reference: str,
    family: str = "other",
    batch: Composition = "balanced",
    unnormalized: bool = False,
    comparison: Comparison = "any",
    parameters: str = "0",
    citation: str = "",
    defaults_from: DefaultsFrom = "unsaid",
    **space: Range,
) -> Method:
    """Make a Method of a builder of losses on (embeddings, labels).

    `build` receives every hyperparameter of `space` by name but the reserved ones (`Method` names
    them), and `context` if it has such a
    parameter. It returns a module called as `loss(embeddings, labels)`, or a pair
    `(loss, miner)`: then the miner is called as `miner(embeddings, labels)` and its result is
    given to the loss as a third argument, as in pytorch-metric-learning. With `unnormalized`, the
    loss gets the embeddings as they are before the protocol's normalisation.
    """
    wants_context = "context" in inspect.signature(build).parameters

    def build_objective(hyperparameters: Mapping[str, Value], context: Context) -> Objective:
        from harness.method.loss_objective import LossObjective

        extra = {"context": context} if wants_context else {}
        built = build(**hyperparameters, **extra)
        loss, miner = built if isinstance(built, tuple) else (built, None)
        return LossObjective(loss, miner, unnormalized=unnormalized)

    return Method(
        name=name,
        build=build_objective,
        summary=summary,
        reference=reference,
        family=family,
        space=dict(space),
        batch=batch,
        comparison=comparison,
        parameters=parameters,
        citation=citation,
        defaults_from=defaults_from,
    )
