"""Numbers that stay: a change of any of them raises SCORING_SEMANTICS."""

import numpy as np
import pytest

from harness.scoring import SCORING_SEMANTICS, score_embeddings

GOLDEN = {
    "cosine": {
        "precision_at_1": 0.133333333333,
        "recall_at_1": 0.133333333333,
        "recall_at_2": 0.216666666667,
        "recall_at_4": 0.416666666667,
        "recall_at_8": 0.691666666667,
        "r_precision": 0.121468253968,
        "map_at_r": 0.037992916493,
        "map": 0.157051562977,
        "mrr": 0.297414882877,
        "nmi": 0.136706125348,
        "ami": -0.009005879874,
        "ari": 0.00014165016,
        "pairwise_f1": 0.116237267825,
    },
    "euclidean": {
        "precision_at_1": 0.1,
        "recall_at_1": 0.1,
        "recall_at_2": 0.166666666667,
        "recall_at_4": 0.45,
        "recall_at_8": 0.708333333333,
        "r_precision": 0.124857282094,
        "map_at_r": 0.037078651433,
        "map": 0.154443220665,
        "mrr": 0.277135495331,
        "nmi": 0.124131047064,
        "ami": -0.024482013056,
        "ari": -0.005369236773,
        "pairwise_f1": 0.118316268487,
    },
}


def spiral() -> tuple[np.ndarray, np.ndarray]:
    """120 points, 9 classes of unequal size, made without a random generator."""
    i = np.arange(120)
    waves = np.stack([np.sin(i * k * 0.37) + np.cos(i * i * 0.01 * k) for k in range(1, 7)], axis=1)
    return waves, (i * i // 7) % 9


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_golden_scores_stand_under_this_version_of_the_semantics(distance: str) -> None:
    assert SCORING_SEMANTICS == 2, "the semantics moved: write the new numbers down here"
    found = score_embeddings(*spiral(), distance=distance, seed=0).values
    assert found == pytest.approx(GOLDEN[distance], abs=1e-9), (
        "scores changed: raise SCORING_SEMANTICS and write the new numbers down here"
    )
