"""A comparison as the JSON document that programs read."""

from __future__ import annotations

import dataclasses
from typing import Any

from harness.comparison.comparison import Comparison
from harness.comparison.power import Power
from harness.comparison.sentences import verdict_sentence


def comparison_document(found: Comparison) -> dict[str, Any]:
    """The comparison as plain data; what is not known is None."""
    board, difference = found.board, found.difference
    low, high = found.resampled or (None, None)
    return {
        "verdict": found.verdict,
        "sentence": verdict_sentence(found),
        "first": found.labels[0],
        "second": found.labels[1],
        "metric": found.metric,
        "higher_is_better": found.higher_is_better,
        "aggregate": board.aggregate,
        "protocol": board.protocol,
        "protocol_digest": board.protocol_digest,
        "dataset": board.dataset,
        "dataset_digest": board.dataset_digest,
        "unlocked": list(board.unlocked),
        "means": list(found.means),
        "replicates": found.replicates,
        "folds": found.folds,
        "left_out": list(found.left_out),
        "difference": dataclasses.asdict(difference.interval),
        "noise": difference.noise,
        "p_values": {
            "t": difference.p_value,
            "holm": found.adjusted,
            "sign_flip": found.sign_flip,
            "over_folds": found.over_folds,
        },
        "pairs_corrected_for": found.family,
        "probability_of_improvement": found.improvement,
        "effect_size": found.effect,
        "bootstrap": {"low": low, "high": high, "levels": list(found.levels)},
        "power": None if found.power is None else power_document(found.power),
    }


def power_document(power: Power) -> dict[str, Any]:
    """The plan as plain data; None replicates are more than a million."""
    values = dataclasses.asdict(power)
    return {**values, "more": power.more}
