"""Holm's correction, against closed testing by enumeration and hand values."""

from itertools import combinations

import numpy as np
import pytest

from harness.statistics.pairs import holm


def closed_testing(p: list[float]) -> list[float]:
    """The definition: the largest Bonferroni p-value of all families that hold the hypothesis."""
    families = [f for size in range(1, len(p) + 1) for f in combinations(range(len(p)), size)]
    return [
        max(min(1.0, len(f) * min(p[i] for i in f)) for f in families if place in f)
        for place in range(len(p))
    ]


def test_three_p_values_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])


@pytest.mark.parametrize("seed", range(5))
def test_it_is_closed_testing_with_bonferroni(seed: int) -> None:
    p = np.random.default_rng(seed).beta(0.3, 1, 7).tolist()
    assert holm(p).tolist() == pytest.approx(closed_testing(p))


def test_one_test_is_not_corrected() -> None:
    assert holm([0.04]).tolist() == [0.04]


def test_no_test_gives_no_p_value() -> None:
    assert holm([]).tolist() == []


def test_no_adjusted_p_value_exceeds_one() -> None:
    assert holm([0.6, 0.9, 1.0]).max() == 1.0


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_what_is_no_probability_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, value])
