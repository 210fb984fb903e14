"""Deep variational metric learning (DVML)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bench_methods.generative import citations
from bench_methods.generative.metric_loss import MARGIN, build_plain
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Choice, Float, Method

if TYPE_CHECKING:
    from harness import Context, Objective, Value


def _build(point: Mapping[str, Value], context: Context) -> Objective:
    from bench_methods.generative.dvml_objective import DvmlObjective

    weight = float(point["divergence_weight"])
    return DvmlObjective(build_plain(point, context), context, divergence_weight=weight)


dvml = Method(
    name="dvml",
    build=_build,
    summary="A metric loss twice: of the embedding, and of the embedding plus a variation within "
    "the class that a posterior near N(0, I) draws. A decoder rebuilds the features from their "
    "sum. The embedding without variation is tested. The weights, in two phases, are those of "
    "public code; the divergence's also times divergence_weight, by default 1/128. The authors' "
    "code was not found: in a port of it the divergence is summed over dimensions at weight 1, and "
    "the reconstruction trains the features too.",
    reference=citations.LIN,
    family="generative",
    defaults_from="library",
    # The center loss moves its centres whenever it is called, here by drawn variations too.
    space={
        "metric_loss": Choice(("triplet", "softmax"), default="triplet"),
        "margin": MARGIN,
        "divergence_weight": Float(1e-3, 1.0, default=1 / 128, log=True),
        "objective_rate": OBJECTIVE_RATE,
    },
    parameters="2 * d * (F + 1) + 256 * (d + 1) + 257 * F",
    citation=citations.LIN_BIBTEX,
)
