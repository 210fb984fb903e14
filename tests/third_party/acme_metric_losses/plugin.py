"""What the benchmark loads: one function for each hook that Acme implements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness import Float, Method, hookimpl, loss_method

if TYPE_CHECKING:
    from harness import Context, Objective

    from acme_metric_losses.tuplet import TupletMargin


@hookimpl
def bench_methods() -> list[Method]:
    """Acme's methods."""
    return [tuplet, center]


def _tuplet(scale: float, slack: float) -> TupletMargin:
    from acme_metric_losses.tuplet import TupletMargin

    return TupletMargin(scale=scale, slack=slack)


tuplet = loss_method(
    "acme-tuplet",
    _tuplet,
    summary="Every positive, with some slack, against all negatives of its anchor at once.",
    reference="Yu and Tao, Deep Metric Learning with Tuplet Margin Loss, ICCV 2019",
    family="pair",
    scale=Float(1.0, 128.0, default=32.0, log=True),
    slack=Float(0.0, 30.0, default=6.0),
)


def _center(hyperparameters: Mapping[str, Any], context: Context) -> Objective:
    from acme_metric_losses.center import CenterObjective

    return CenterObjective(**hyperparameters, context=context)


center = Method(
    name="acme-center",
    build=_center,
    summary="Softmax on the embeddings, and a pull towards a learned centre of each class.",
    reference="Wen et al., A Discriminative Feature Learning Approach for Deep Face Recognition, "
    "ECCV 2016",
    family="classification",
    space={
        "weight": Float(0.001, 10.0, default=0.1, log=True),
        "scale": Float(1.0, 64.0, default=8.0, log=True),
    },
    batch="balanced",
)
