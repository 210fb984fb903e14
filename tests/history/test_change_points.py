"""Change points: found where they are, and rarely where none is."""

from __future__ import annotations

import numpy as np
import pytest

from harness.history.change_points import change_points

SEEDS, TIMES = 4, 12


def noise(draw: int, shape: tuple[int, int] = (SEEDS, TIMES)) -> np.ndarray:
    """Each seed has a level of its own, as with common random numbers."""
    random = np.random.default_rng(draw)
    return 0.5 + random.normal(0, 0.1, (shape[0], 1)) + random.normal(0, 0.01, shape)


def test_a_step_is_found_where_it_is():
    values = noise(0)
    values[:, 7:] -= 0.05
    (found,) = change_points(values, seed=0)
    assert found.at == 7
    assert found.change == pytest.approx(-0.05, abs=0.02)
    assert found.p_value <= 0.01


def test_two_steps_are_found():
    values = noise(1)
    values[:, 4:] += 0.05
    values[:, 8:] += 0.05
    assert [found.at for found in change_points(values, seed=0)] == [4, 8]


def test_identical_reruns_never_change():
    values = np.repeat(noise(2)[:, :1], TIMES, axis=1)
    assert change_points(values, seed=0) == []


def test_identical_reruns_before_and_after_a_step_show_it():
    values = np.repeat(noise(2)[:, :1], 6, axis=1)
    values[:, 3:] += 0.001
    assert [found.at for found in change_points(values, seed=0)] == [3]


def test_ten_seeds_need_two_versions_and_a_single_one_needs_more():
    ten = np.repeat(noise(3, (10, 1)), 2, axis=1) + np.array([0.0, 0.05])
    assert [found.at for found in change_points(ten, seed=0)] == [1]
    assert change_points(ten[:1], seed=0) == []


def test_where_nothing_changed_a_change_is_marked_as_rarely_as_promised():
    marked = [bool(change_points(noise(i), seed=i, level=0.05, draws=199)) for i in range(1000)]
    assert 0.03 <= np.mean(marked) <= 0.067  # 5 %, within 2.5 standard errors


def test_missing_replicates_are_left_out_and_means_serve_where_none_is_complete():
    values = noise(4)
    values[:, 6:] -= 0.05
    values[0, 3] = np.nan
    assert [found.at for found in change_points(values, seed=0)] == [6]
    alternating = np.full((2, TIMES), np.nan)
    alternating[0, ::2] = alternating[1, 1::2] = 0.5
    alternating[:, 6:] -= 0.05
    assert [found.at for found in change_points(alternating, seed=0)] == [6]


@pytest.mark.parametrize("times", [0, 1])
def test_too_few_times_have_no_change(times):
    assert change_points(np.full((3, times), 0.5), seed=0) == []


def test_the_seed_is_wired():
    values = noise(6)
    values[:, 6:] -= 0.004

    def p_values(seed: int) -> list[float]:
        return [found.p_value for found in change_points(values, seed=seed, level=1.0, draws=99)]

    np.random.seed(0)
    assert p_values(1) == p_values(1) != p_values(2)
