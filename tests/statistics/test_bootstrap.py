"""The hierarchical bootstrap: hand values, what each level resamples, and its seed."""

import numpy as np
import pytest

from harness.statistics.bootstrap import Bootstrap, hierarchical_bootstrap
from harness.statistics.crossed import crossed_variance


def scores(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, 0.1, shape)


def ends(found: Bootstrap) -> list[list[float]]:
    return [found.low.tolist(), found.high.tolist()]


def test_the_estimate_is_the_mean_over_queries_of_runs_averaged() -> None:
    counts = np.array([1, 3])
    sums = np.array([[[[1.0, 0.0], [0.0, 3.0]]]])
    assert hierarchical_bootstrap(sums, counts, seed=0).estimates.tolist() == [0.5]


def test_seeds_alone_give_the_t_interval_over_replicates() -> None:
    sums = scores(1, 6, 4, 5)
    found = hierarchical_bootstrap(sums, np.ones(5), seed=0, draws=200_000, levels=["seeds"])
    replicates = sums.sum(axis=3).mean(axis=2)[0] / 5
    half = 2.570582 * replicates.std(ddof=1) / np.sqrt(6)
    assert found.high[0] - found.estimates[0] == pytest.approx(half, rel=0.01)


def test_classes_alone_give_the_interval_over_classes() -> None:
    sums = scores(1, 3, 2, 30)
    found = hierarchical_bootstrap(sums, np.ones(30), seed=0, draws=200_000, levels=["classes"])
    half = 2.045230 * sums.mean(axis=(0, 1, 2)).std(ddof=1) / np.sqrt(30)
    assert found.high[0] - found.estimates[0] == pytest.approx(half, rel=0.01)


def test_classes_of_one_score_have_no_variance_whatever_their_size() -> None:
    counts = np.array([1.0, 5.0, 20.0])
    found = hierarchical_bootstrap((0.3 * counts)[None, None, None], counts, seed=0)
    assert found.draws == pytest.approx(np.full((10_000, 1), 0.3))


def test_the_classes_move_all_methods_together() -> None:
    sums = scores(1, 3, 2, 30)
    found = hierarchical_bootstrap(np.concatenate([sums, sums + 0.1]), np.ones(30), seed=0)
    np.testing.assert_allclose(found.draws[:, 1] - found.draws[:, 0], 0.1)


def test_levels_of_one_member_are_not_resampled() -> None:
    found = hierarchical_bootstrap(scores(2, 3, 1, 9), np.ones(9), seed=0)
    assert found.levels == ("seeds", "classes")


def test_a_single_seed_has_no_interval_because_its_noise_is_unknown() -> None:
    found = hierarchical_bootstrap(scores(2, 1, 4, 9), np.ones(9), seed=0)
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()
    assert np.isfinite(found.draws).all()


def test_equal_scores_have_an_interval_of_no_width() -> None:
    found = hierarchical_bootstrap(np.full((1, 3, 4, 9), 0.5), np.ones(9), seed=0)
    assert ends(found) == [[pytest.approx(0.5)], [pytest.approx(0.5)]]


def test_the_seed_decides_and_the_global_generator_does_not() -> None:
    sums = scores(2, 3, 4, 9)
    np.random.seed(1)
    first = hierarchical_bootstrap(sums, np.ones(9), seed=5, draws=50)
    np.random.seed(2)
    again = hierarchical_bootstrap(sums, np.ones(9), seed=5, draws=50)
    other = hierarchical_bootstrap(sums, np.ones(9), seed=6, draws=50)
    np.testing.assert_array_equal(first.draws, again.draws)
    assert (first.draws != other.draws).all()


def test_leaving_out_one_level_does_not_shift_the_draws_of_another() -> None:
    sums = scores(1, 4, 1, 1)
    counts = np.ones(1)
    alone = hierarchical_bootstrap(sums, counts, seed=0, draws=50, levels=["seeds"])
    usual = hierarchical_bootstrap(sums, counts, seed=0, draws=50)
    np.testing.assert_array_equal(alone.draws, usual.draws)


@pytest.mark.parametrize(
    ("shape", "counts"), [((2, 3, 4), [1, 1, 1, 1]), ((1, 1, 1, 2), [1]), ((0, 1, 1, 1), [1])]
)
def test_arrays_of_other_shapes_are_refused(shape: tuple[int, ...], counts: list[int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        hierarchical_bootstrap(np.zeros(shape), counts, seed=0)


def test_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        hierarchical_bootstrap(np.full((1, 2, 1, 2), np.nan), [1, 1], seed=0)


def test_a_class_without_queries_is_refused() -> None:
    with pytest.raises(ValueError, match="queries"):
        hierarchical_bootstrap(np.zeros((1, 2, 1, 2)), [1, 0], seed=0)


def test_the_crossed_variance_is_unbiased() -> None:
    draw = np.random.default_rng(0)
    tables = 20_000
    rows, columns = draw.normal(0, 1, (tables, 6, 1)), draw.normal(0, 2, (tables, 1, 8))
    values = rows + columns + draw.normal(0, 3, (tables, 6, 8))
    # 1/6 + 4/8 + 9/48; the floor of the largest factor lifts it a little.
    found = crossed_variance(values, [1, 2])
    assert found.total.mean() == pytest.approx(1 / 6 + 4 / 8 + 9 / 48, rel=0.04)


def test_every_method_has_every_draw() -> None:
    found = hierarchical_bootstrap(scores(7, 3, 2, 5), np.full(5, 16.0), seed=0, draws=100)
    assert found.draws.shape == (100, 7)
