"""What is paired is paired, what is not is Welch's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.gate import decide
from harness.gate.measuring import Replicates, difference_of


def side(values: list[float], *, start: str = "w", seeds: range | None = None) -> Replicates:
    places = seeds or range(len(values))
    return Replicates(
        dict(zip(places, values, strict=True)), {seed: (f"{start}{seed}",) for seed in places}, ()
    )


OLD, NEW = [0.50, 0.60, 0.40, 0.55], [0.49, 0.60, 0.39, 0.53]


def test_equal_starts_are_paired_by_seed():
    found = difference_of(side(OLD), side(NEW))
    decision = decide(found, 0.01)
    expected = stats.ttest_rel(NEW, OLD).confidence_interval(0.9)
    assert (found.basis, found.units) == ("paired replicates", 4)
    assert (decision.low, decision.high) == pytest.approx(tuple(expected))


def test_other_starts_are_compared_by_welch():
    found = difference_of(side(OLD), side(NEW[:3], start="other"))
    decision = decide(found, 0.01)
    expected = stats.ttest_ind(NEW[:3], OLD, equal_var=False).confidence_interval(0.9)
    assert (found.basis, found.units) == ("unpaired replicates", 3)
    assert (decision.low, decision.high) == pytest.approx(tuple(expected))


def test_unequal_seeds_are_paired_where_they_meet():
    found = difference_of(side(OLD), side([0.61, 0.41, 0.7], seeds=range(1, 4)))
    assert (found.basis, found.units) == ("paired replicates", 3)
    assert found.mean == pytest.approx(np.mean([0.01, 0.01, 0.15]))


def test_a_start_without_a_digest_is_no_pair():
    bare = Replicates({0: 0.5, 1: 0.6}, {0: (None,), 1: (None,)}, ())
    assert difference_of(bare, bare).basis == "unpaired replicates"


def test_one_replicate_has_a_difference_and_no_error():
    found = difference_of(side(OLD), side([0.7]))
    assert found.mean == pytest.approx(0.2)
    assert found.standard_error is None


def test_nothing_is_no_difference():
    assert difference_of(side(OLD), side([])) is None


def test_the_rounding_of_equal_scores_is_no_noise():
    found = difference_of(side([0.1 + 0.2, 0.4]), side([0.3, 0.4]))
    assert (found.mean, found.standard_error) == (0.0, 0.0)


def test_two_flat_sides_have_no_error():
    found = difference_of(side([0.5, 0.5]), side([0.4, 0.4], start="other"))
    assert found.standard_error == 0.0
    assert decide(found, 0.01).verdict == "regression"
