"""`linear_method`: a method that trains nothing but ends in a linear readout of trunk features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from harness import Int, Method

if TYPE_CHECKING:
    from harness import Choice, Context, Float, Objective

Fit = Callable[..., Any]
EXTRA = {"metric_learn": "pip install 'metric-learning-bench-methods[mahalanobis]'"}
WIDTH = Int(2, 128, default=128, log=True)


def linear_method(  # noqa: PLR0913 - each but the first two is named
    name: str,
    fit: Fit,
    *,
    summary: str,
    reference: str,
    citation: str,
    defaults_from: Literal["paper", "library", "validation here", "by hand"],
    labels: Literal["all", "none"] = "all",
    label_sets: Literal["class", "attributes"] = "class",
    per_label_set: tuple[str, ...] = (),
    family: str = "linear",
    requires: Mapping[str, str] | None = None,
    **space: Int | Float | Choice,
) -> Method:
    """Make a Method of a fit on whitened trunk features.

    The features of the training part, of the initial weights, are centred, rotated to their
    principal axes and whitened: at most as many columns as the embedding has. `fit(features,
    labels, width=..., seed=..., **hyperparameters)` gets them, float64 (N, p) and int64 (N,) or
    None, and returns a matrix, float (at most `width`, p): the linear map that is learned. With
    `label_sets="attributes"` it also gets `beside`: codes, int64 (N,), -1 where unknown, and task
    of each label set beside the class. Every method has the hyperparameter `components`, the width
    of the result where the embedding allows it.
    """

    def build(hyperparameters: Mapping[str, Any], context: Context) -> Objective:
        from bench_methods.linear.objective import LinearReadout

        rest = dict(hyperparameters)
        width = min(int(rest.pop("components")), context.embedding_size)
        return LinearReadout(partial(fit, **rest), width, context)

    return Method(
        name=name,
        build=build,
        summary=summary,
        reference=reference,
        family=family,
        defaults_from=defaults_from,
        space={"components": WIDTH, **space},
        labels=labels,
        label_sets=label_sets,
        per_label_set=per_label_set,
        readout=True,
        trained=False,
        requires=requires or {},
        citation=citation,
    )
