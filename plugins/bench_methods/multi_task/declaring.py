"""`multi_task_method`: a method of one loss for each label set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness import Choice, Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective

LAYOUT = Choice(("slices", "shared"), default="slices")
WEIGHT = Float(0.01, 10.0, default=0.25, log=True)
REFERENCE = "Caruana, Multitask Learning, Machine Learning 1997; the loss: "


def multi_task_method(name: str, loss: Any, *, space: Mapping[str, Any], **declared: Any) -> Method:
    """Make a Method of `loss(task, width, **hyperparameters)`, a module on (embeddings, codes).

    `loss` is asked for when the first run is built, as it imports torch: it is a function without
    arguments that returns it. Every method has the hyperparameters `layout` (each label set has
    `slices` of the embedding of its own, or all are `shared`) and an `attribute_weight` for each
    label set beside the class.
    """

    def build(hyperparameters: Mapping[str, Any], context: Context) -> Objective:
        from functools import partial

        from bench_methods.multi_task.objective import MultiTaskObjective

        own = {key: value for key, value in hyperparameters.items() if key in space}
        shared = {key: value for key, value in hyperparameters.items() if key not in space}
        return MultiTaskObjective(context, partial(loss(), **own), **shared)

    return Method(
        name=name,
        build=build,
        family="multi-task",
        label_sets="attributes",
        defaults_from="by hand",
        space={"layout": LAYOUT, "attribute_weight": WEIGHT, **space},
        per_label_set=("attribute_weight",),
        **declared,
    )
