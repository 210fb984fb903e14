"""Power, against scipy's noncentral t and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics import Noise
from harness.statistics.pairs import all_pairs
from harness.statistics.power import (
    detectable_difference,
    power_of,
    replicates_on_board,
    replicates_to_see,
)


def known(noise: float) -> Noise:
    """A noise that is known for certain: measured with very many degrees of freedom."""
    return Noise(noise=noise, degrees=1e12)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 25])
@pytest.mark.parametrize("effect", [0.1, 0.5, 1.5])
@pytest.mark.parametrize("level", [0.05, 0.05 / 105])
def test_the_power_is_that_of_the_noncentral_t(n: int, effect: float, level: float) -> None:
    bar = stats.t.ppf(1 - level / 2, n - 1)
    shift = effect * math.sqrt(n)
    expected = stats.nct.sf(bar, n - 1, shift) + stats.nct.cdf(-bar, n - 1, shift)
    assert power_of(effect, 1.0, n, level=level) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("level", [0.05, 0.05 / 105, 0.05 / 1770])
@pytest.mark.parametrize("n", [2, 3, 4, 11, 29, 100, 10_000])
def test_the_power_rises_from_the_level_to_one_without_a_gap(n: int, level: float) -> None:
    powers = [power_of(effect, 1.0, n, level=level) for effect in np.geomspace(1e-6, 1e7, 400)]
    assert np.isfinite(powers).all()
    assert (np.diff(powers) >= -1e-9).all()
    assert (powers[0], powers[-1]) == pytest.approx((level, 1.0), abs=1e-3)


def test_the_textbook_value_of_thirty_four_pairs() -> None:
    # Cohen 1988: d = 0.5, two-sided 5 %, 80 %: 34 pairs.
    assert replicates_to_see(0.5, known(1.0)) == 34


@pytest.mark.parametrize("ratio", [0.05, 0.3, 1.0, 3.0, 10.0])
def test_the_replicates_are_the_fewest_that_suffice(ratio: float) -> None:
    n = replicates_to_see(ratio, known(1.0))
    assert n is not None
    assert power_of(ratio, 1.0, n) >= 0.8
    assert n == 2 or power_of(ratio, 1.0, n - 1) < 0.8


def test_only_the_ratio_of_difference_and_noise_counts() -> None:
    assert replicates_to_see(0.005, known(0.004)) == replicates_to_see(-5.0, known(4.0))


def test_a_stricter_level_takes_more_replicates() -> None:
    usual, strict = (
        replicates_to_see(1.0, known(1.0)),
        replicates_to_see(1.0, known(1.0), level=0.05 / 105),
    )
    assert usual is not None
    assert strict is not None
    assert strict > usual


def test_no_difference_can_never_be_seen() -> None:
    assert replicates_to_see(0.0, known(1.0)) is None


def test_a_tiny_difference_takes_too_many() -> None:
    assert replicates_to_see(1e-6, known(1.0)) is None


def test_without_noise_two_replicates_show_anything() -> None:
    assert replicates_to_see(0.1, known(0.0)) == 2


@pytest.mark.parametrize("n", [2, 3, 4, 10, 30, 100])
@pytest.mark.parametrize("power", [0.2, 0.5, 0.8, 0.9, 0.99])
def test_the_detectable_difference_has_the_power_asked_for(n: int, power: float) -> None:
    difference = detectable_difference(known(0.01), n, power=power)
    assert difference is not None
    assert power_of(difference, 0.01, n) == pytest.approx(power, abs=1e-5)


def test_a_power_below_the_level_is_there_without_a_difference() -> None:
    assert detectable_difference(known(0.01), 5, power=0.04) == 0.0


def test_one_replicate_detects_nothing() -> None:
    assert detectable_difference(known(0.01), 1) is None
    assert power_of(1.0, 0.01, 1) == 0.0


def test_planned_is_with_the_upper_end_of_the_noise() -> None:
    noise = Noise(noise=1.0, degrees=4)
    assert noise.at_most == pytest.approx(math.sqrt(4 / stats.chi2.ppf(0.2, 4)))


def test_folds_give_degrees_and_runs() -> None:
    bar = stats.t.ppf(0.975, 6)  # two units of three more replicates
    expected = stats.nct.sf(bar, 6, 0.7 * math.sqrt(12)) + stats.nct.cdf(
        -bar, 6, 0.7 * math.sqrt(12)
    )
    assert power_of(0.7, 1.0, 4, folds=3, units=2.0) == pytest.approx(expected)


@pytest.mark.parametrize(("seeds", "folds"), [(2, 4), (3, 4), (3, 1), (10, 2)])
def test_the_power_promised_is_had_in_four_pilots_of_five(seeds: int, folds: int) -> None:
    draw = np.random.default_rng((seeds, folds))
    had = []
    for _ in range(300):
        pilot = draw.normal(size=(2, seeds, folds))
        pairs = all_pairs(pilot, floor=0.0)
        measured = Noise(
            noise=float(pairs.noise[0, 1]),
            degrees=float(folds * (seeds - 1)),
            folds=folds,
            units=float(folds),
        )
        n = replicates_to_see(0.5, measured)
        assert n is not None
        had.append(power_of(0.5, math.sqrt(2), n, folds=folds) >= 0.8)
    assert np.mean(had) >= 0.76


def test_a_board_of_few_rows_corrects_for_all_its_pairs() -> None:
    pairs = all_pairs(np.random.default_rng(0).normal(size=(6, 3, 4)))
    strict = replicates_to_see(0.5, known(1.0), level=0.05 / 15)
    assert replicates_on_board(0.5, known(1.0), pairs) == strict


def test_what_a_board_plans_for_a_pair_is_had() -> None:
    draw = np.random.default_rng(1)
    pairs = all_pairs(draw.normal(size=(20, 3, 4)))
    noise = Noise(noise=math.sqrt(2), degrees=1e12, folds=4, units=4.0)
    n = replicates_on_board(2.0, noise, pairs)
    assert n is not None
    assert n <= (replicates_to_see(2.0, noise, level=0.05 / pairs.family) or 0)
    truth = np.where(np.arange(20) < 1, 2.0, 0.0)[:, None, None]
    told = [all_pairs(truth + draw.normal(size=(20, n, 4))).apart()[0, 1] for _ in range(150)]
    assert np.mean(told) >= 0.72


@pytest.mark.parametrize("noise", [-1.0, math.nan, math.inf])
def test_a_noise_that_is_none_is_refused(noise: float) -> None:
    with pytest.raises(ValueError, match="noise"):
        replicates_to_see(0.1, known(noise))
