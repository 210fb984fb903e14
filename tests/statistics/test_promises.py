"""Promises of single tests, held by simulation; those of boards are in test_board_promises.py.

`BENCH_SIMULATIONS=20` repeats each simulation twenty times as often, for `tox -e statistics`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from harness.statistics import Noise
from harness.statistics.across_datasets import critical_difference
from harness.statistics.bootstrap import hierarchical_bootstrap
from harness.statistics.correlated_folds import corrected_fold_test
from harness.statistics.intervals import t_interval
from harness.statistics.power import power_of, replicates_to_see
from harness.statistics.sign_flip import sign_flip_test

TIMES = int(os.environ.get("BENCH_SIMULATIONS", "1"))
MANY = 50_000 * TIMES  # where a whole simulation is one array
SOME = 12_000 * TIMES  # where each repetition is a call of its own

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

# Scores of training runs: bell-shaped, with outliers, bounded, lopsided, in steps.
SHAPES: dict[str, Draw] = {
    "normal": lambda draw, shape: draw.normal(0, 1, shape),
    "heavy-tailed": lambda draw, shape: draw.standard_t(3, shape),
    "bounded": lambda draw, shape: draw.uniform(-1, 1, shape),
    "lopsided": lambda draw, shape: draw.exponential(1, shape),
    "stepped": lambda draw, shape: np.round(draw.normal(0, 1, shape)),
}


def generator(*key: int) -> np.random.Generator:
    return np.random.default_rng(key)


# Intervals


@pytest.mark.parametrize("n", [2, 3, 10])
def test_the_t_interval_covers_the_mean(n: int) -> None:
    samples = generator(1, n).normal(0.5, 0.01, (SOME, n))
    intervals = [t_interval(sample) for sample in samples.tolist()]
    assert 0.94 <= np.mean([i.low <= 0.5 <= i.high for i in intervals]) <= 0.96


# Standard deviations of the effects of seed, fold, class, and of what they have in common.
CROSSED = {
    "main effects": {"s": 0.3, "f": 0.3, "c": 1.0},
    "runs and classes": {"sf": 0.05, "c": 0.5, "sfc": 0.5},
    "all": {"sf": 0.03, "f": 0.02, "c": 0.15, "fc": 0.05, "sfc": 0.05},
    "classes": {"c": 1.0, "sfc": 0.3},
}


def crossed(
    draw: np.random.Generator, effects: dict[str, float], shape: tuple[int, ...]
) -> np.ndarray:
    values = np.zeros(shape)
    for factors, size in effects.items():
        part = [n if name in factors else 1 for name, n in zip("sfc", shape[1:], strict=True)]
        values += size * draw.normal(0, 1, (shape[0], *part))
    return values


@pytest.mark.parametrize("seeds", [3, 10])
@pytest.mark.parametrize("effects", CROSSED.values(), ids=CROSSED)
def test_the_bootstrap_covers_over_seeds_folds_and_classes(
    effects: dict[str, float], seeds: int
) -> None:
    draw = generator(3, seeds)
    covered = []
    for batch in range(3 * TIMES):
        sums = crossed(draw, effects, (2000, seeds, 4, 40))
        found = hierarchical_bootstrap(sums, np.ones(40), seed=batch, draws=2000)
        covered.append(np.mean((found.low <= 0) & (found.high >= 0)))
    assert 0.94 <= np.mean(covered) <= 0.96


def test_the_bootstrap_is_careful_where_runs_are_the_only_noise() -> None:
    sums = crossed(generator(4), {"sf": 0.1, "sfc": 0.1}, (4000, 5, 4, 40))
    found = hierarchical_bootstrap(sums, np.ones(40), seed=0, draws=2000)
    assert np.mean((found.low <= 0) & (found.high >= 0)) >= 0.94


# Tests of one pair


@pytest.mark.parametrize("n", [6, 10])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_sign_flip_test_rejects_at_most_its_level(shape: str, n: int) -> None:
    first, second = SHAPES[shape](generator(6, n), (2, SOME, n))
    p_values = [sign_flip_test(differences) for differences in first - second]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.055


@pytest.mark.parametrize("replicates", [1, 10])
def test_the_test_over_folds_keeps_its_level_for_folds_that_correlate(replicates: int) -> None:
    # Folds that leave out a quarter correlate by 1/4 (Nadeau and Bengio's assumption).
    draw = generator(7, replicates)
    folds = 0.5 * draw.normal(0, 1, (SOME, 1, 1)) + np.sqrt(0.75) * draw.normal(0, 1, (SOME, 1, 4))
    p_values = [corrected_fold_test(differences) for differences in folds.repeat(replicates, 1)]
    rejected = np.mean(np.array(p_values) <= 0.05)
    assert 0.04 <= rejected <= 0.055


# Power, and several datasets


@pytest.mark.parametrize("effect", [0.5, 1.0, 2.0])
def test_the_replicates_asked_for_show_the_difference(effect: float) -> None:
    n = replicates_to_see(effect, Noise(noise=1.0, degrees=1e9))
    assert n is not None
    seen = np.mean(
        stats.ttest_1samp(generator(12).normal(effect, 1, (MANY, n)), 0, axis=1).pvalue <= 0.05
    )
    assert seen >= 0.795
    assert seen == pytest.approx(power_of(effect, 1.0, n), abs=0.006)


def test_nemenyis_difference_is_exceeded_by_at_most_one_table_in_twenty() -> None:
    exceeded = []
    for batch in range(TIMES):
        scores = generator(13, batch).normal(0, 1, (20_000, 5, 30))
        ranks = (scores.argsort(axis=1).argsort(axis=1) + 1).mean(axis=2)
        exceeded.append(np.mean(np.ptp(ranks, axis=1) > critical_difference(5, 30)))
    assert np.mean(exceeded) <= 0.055
