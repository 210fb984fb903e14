"""What boards promise, held by simulation: no more false tellings than said, and sharp ones.

Boards are drawn like the published one (reality-check-small on glyphs: its means, each method's
noise, how methods go together, how folds differ), and in settings made to break what is assumed.
`BENCH_SIMULATIONS=20` draws twenty times as many, for `tox -e statistics`; `BENCH_NUMBERS=FILE`
appends what was measured to a file.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from harness.gate.lines import all_together, corrected, line_of
from harness.gate.measuring import MetricBySeed, units_of
from harness.gate.metrics import GatedMetric, Margin
from harness.statistics.intervals import fold_intervals, t_quantile
from harness.statistics.pairs import BoardPairs, all_pairs
from harness.statistics.standings import may_be_best, standings

TIMES = int(os.environ.get("BENCH_SIMULATIONS", "1"))
FOLDS = 4
Floats = np.ndarray
Draw = np.random.Generator
Setting = Callable[[Draw, int, int], tuple[Floats, Floats]]  # noise (m, n, f), true means (m,)


def held(share: float, bound: float, boards: int) -> bool:
    """Whether a share of boards is at most `bound`, two standard errors of chance allowed."""
    return share <= bound + 2 * math.sqrt(bound * (1 - bound) / boards)


def measured_is(**numbers: object) -> None:
    """Write a line of numbers where they were asked for."""
    if path := os.environ.get("BENCH_NUMBERS"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(", ".join(f"{name} {value}" for name, value in numbers.items()) + "\n")


def together(draw: Draw, methods: int, seeds: int) -> Floats:
    """Unit noise as common random numbers correlate it: by .41, by .85 (linear), or not at all."""
    groups = draw.choice(3, methods, p=[0.78, 0.12, 0.10])
    share = np.array([0.41, 0.85, 0.0])[groups][:, None, None]
    common = draw.normal(size=(3, seeds, FOLDS))[groups]
    own = draw.normal(size=(methods, seeds, FOLDS))
    return np.sqrt(share) * common + np.sqrt(1 - share) * own


# How many methods of the published board have a MAP@R of about .06, .09, ... .39.
COUNTS = np.array([3, 3, 3, 3, 5, 14, 8, 3, 6, 15, 16, 8])


def like_ours(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    """Means on a grid of .03 as published; noise about .02, less where little is learned."""
    truth = 0.03 * draw.choice(np.arange(2, 14), methods, p=COUNTS / COUNTS.sum())
    noise = 0.0202 * np.exp(0.35 * draw.normal(size=methods)) * np.where(truth < 0.1, 0.2, 1.0)
    folds = draw.normal(0, 0.013, (methods, 1, FOLDS))
    folds -= folds.mean(axis=2, keepdims=True)
    return folds + noise[:, None, None] * together(draw, methods, seeds), truth


def equal(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    return together(draw, methods, seeds), np.zeros(methods)


def one_noisy(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    values = together(draw, methods, seeds)
    values[0] *= 5
    return values, np.zeros(methods)


def two_noisy(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    values, truth = together(draw, methods, seeds), 100.0 * np.arange(methods)
    values[:2], truth[:2] = 3 * draw.normal(size=(2, seeds, FOLDS)), -100.0
    return values, truth


def heavy_tails(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    return draw.standard_t(3, (methods, seeds, FOLDS)), np.zeros(methods)


def exponential(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    return draw.exponential(1, (methods, seeds, FOLDS)), np.zeros(methods)


def unequal_folds(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    return draw.normal(size=(methods, seeds, FOLDS)) * [1, 1, 1, 4.0], np.zeros(methods)


def two_clumps(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    where = draw.random((methods, seeds, FOLDS)) < 0.5
    return where + 0.01 * draw.normal(size=where.shape), np.zeros(methods)


def folds_that_share(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    own = draw.normal(size=(methods, seeds, FOLDS))
    common = draw.normal(size=(methods, seeds, 1))
    return np.sqrt(0.7) * own + np.sqrt(0.3) * common, np.zeros(methods)


def unequal_noise(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    noise = np.geomspace(0.1, 10, methods)[:, None, None]
    return noise * draw.normal(size=(methods, seeds, FOLDS)), np.zeros(methods)


def near_copies(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    values = together(draw, methods, seeds)
    copies = methods // 3
    values[:copies] = values[:1] + 1e-4 * draw.normal(size=(copies, seeds, FOLDS))
    return values, np.zeros(methods)


@cache
def simulated(setting: Setting, methods: int, seeds: int, boards: int) -> tuple[float, ...]:
    """Shares: boards with a false telling, different pairs told apart, boards without the best."""
    draw = np.random.default_rng((methods, seeds))
    wrong = lost = told = pairs = 0
    for _ in range(boards):
        noise, truth = setting(draw, methods, seeds)
        found = all_pairs(truth[:, None, None] + noise)
        truly = truth[:, None] - truth
        same = np.abs(truly) < 1e-9
        right = found.better() & (truly > 0) & ~same
        wrong += bool((found.better() & ~right).any())
        told += int(right.sum())
        pairs += int((~same).sum()) // 2
        lost += not may_be_best(found)[truth.argmax()]
    found = wrong / boards, told / max(pairs, 1), lost / boards
    named = dict(zip(("wrong", "told", "lost"), found, strict=True))
    measured_is(setting=setting.__name__, rows=methods, seeds=seeds, boards=boards, **named)
    return found


BOARDS = {8: 300 * TIMES, 15: 200 * TIMES, 40: 80 * TIMES, 89: 30 * TIMES}
SHARPNESS = {2: 0.60, 3: 0.75, 5: 0.85, 10: 0.98}


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("methods", [8, 15, 40, 89])
def test_a_board_like_ours_says_something_false_at_most_once_in_twenty(
    methods: int, seeds: int
) -> None:
    boards = BOARDS[methods]
    for setting in (like_ours, equal):
        wrong, _, lost = simulated(setting, methods, seeds, boards)
        assert held(wrong, 0.05, boards)
        assert held(lost, 0.05, boards)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_truly_different_methods_are_told_apart_on_boards_like_ours(seeds: int) -> None:
    _, told, _ = simulated(like_ours, 89, seeds, BOARDS[89])
    assert told >= SHARPNESS[seeds]


BROKEN = [
    one_noisy,
    two_noisy,
    heavy_tails,
    exponential,
    unequal_folds,
    two_clumps,
    folds_that_share,
    unequal_noise,
    near_copies,
]


@pytest.mark.parametrize(
    ("methods", "seeds"), [(8, 2), (8, 3), (8, 5), (15, 2), (15, 3), (15, 10), (40, 2), (89, 3)]
)
@pytest.mark.parametrize("setting", BROKEN, ids=lambda setting: setting.__name__)
def test_where_an_assumption_is_broken_it_is_still_seldom_wrong(
    setting: Setting, methods: int, seeds: int
) -> None:
    boards = BOARDS[methods] // 2
    wrong, _, lost = simulated(setting, methods, seeds, boards)
    assert held(wrong, 0.06, boards)
    assert held(lost, 0.06, boards)


# Intervals


def share_covered(values: Floats, truth: float, bounds: tuple[float, float]) -> float:
    found = fold_intervals(values, bounds=bounds)
    return float(np.mean([(i.low or 0.0) <= truth <= (i.high or 0.0) for i in found]))


@pytest.mark.parametrize("seeds", [2, 3, 10])
@pytest.mark.parametrize("mean", [0.05, 0.4, 0.9, 0.99])
def test_intervals_cover_whatever_the_mean(mean: float, seeds: int) -> None:
    draw = np.random.default_rng((5, seeds))
    noise = min(0.02, 0.3 * min(mean, 1 - mean))
    shape = (4000 * TIMES, seeds, FOLDS)
    if mean in (0.05, 0.99):  # near a bound scores are skewed: beta, of that mean and noise
        size = mean * (1 - mean) / noise**2 - 1
        values = draw.beta(mean * size, (1 - mean) * size, shape)
    else:
        values = draw.normal(mean, noise, shape)
    share = share_covered(values, mean, (0.0, 1.0))
    measured_is(mean=mean, seeds=seeds, covered=share)
    assert 0.935 <= share <= 0.96


def share_covered_of_boards(setting: Setting, methods: int, seeds: int) -> tuple[float, float]:
    """Which share of intervals hold the truth, and how far chance alone may move it."""
    draw = np.random.default_rng((6, methods, seeds))
    covered = []
    for _ in range(3000 * TIMES // methods):
        noise, truth = setting(draw, methods, seeds)
        found = fold_intervals(truth[:, None, None] + noise)
        covered += [
            (one.low or 0.0) <= mean <= (one.high or 0.0)
            for one, mean in zip(found, truth, strict=True)
        ]
    share = float(np.mean(covered))
    named = {"intervals": setting.__name__, "rows": methods, "seeds": seeds}
    measured_is(**named, number=len(covered), covered=share)
    return share, 2.5 * math.sqrt(0.05 * 0.95 / len(covered))


@pytest.mark.parametrize("seeds", [2, 3, 10])
@pytest.mark.parametrize("methods", [8, 15, 40])
@pytest.mark.parametrize(
    "setting", [like_ours, unequal_folds, folds_that_share], ids=lambda one: one.__name__
)
def test_intervals_of_a_board_cover(setting: Setting, methods: int, seeds: int) -> None:
    share, chance = share_covered_of_boards(setting, methods, seeds)
    assert 0.935 - chance <= share <= 0.96 + chance


@pytest.mark.parametrize("seeds", [2, 3, 10])
@pytest.mark.parametrize("methods", [8, 15, 40])
@pytest.mark.parametrize(
    "setting", [like_ours, unequal_folds, folds_that_share], ids=lambda one: one.__name__
)
def test_intervals_of_pairs_cover(setting: Setting, methods: int, seeds: int) -> None:
    draw = np.random.default_rng((11, methods, seeds))
    pairs = np.triu_indices(methods, 1)
    covered, boards = [], 900 * TIMES // methods
    for _ in range(boards):
        noise, truth = setting(draw, methods, seeds)
        found = all_pairs(truth[:, None, None] + noise)
        halves = t_quantile(found.shares, seeds, 0.95) * found.own_errors
        missed = np.abs(found.differences - (truth[:, None] - truth)) > halves
        covered.append(1.0 - missed[pairs].mean())
    interval, half = found.of(0, 1).interval, halves[0, 1]
    assert interval.mean is not None
    assert (interval.low, interval.high) == (interval.mean - half, interval.mean + half)
    share = float(np.mean(covered))
    measured_is(pairs=setting.__name__, rows=methods, seeds=seeds, boards=boards, covered=share)
    chance = 2.5 * float(np.std(covered)) / math.sqrt(boards)
    assert 0.935 - chance <= share <= 0.96 + chance


@pytest.mark.parametrize(
    ("setting", "seeds", "low", "high"),
    [
        (like_ours, 2, 0.95, 0.965),
        (unequal_folds, 2, 0.925, 0.945),
        (folds_that_share, 2, 0.92, 0.94),
        (folds_that_share, 3, 0.92, 0.94),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_three_rows_say_too_little_of_their_folds_for_more_than_this(
    setting: Setting, seeds: int, low: float, high: float
) -> None:
    share, chance = share_covered_of_boards(setting, 3, seeds)
    assert low - chance <= share <= high + chance


@pytest.mark.parametrize("seeds", [3, 10])
def test_all_rank_intervals_of_a_board_hold_together(seeds: int) -> None:
    draw = np.random.default_rng((7, seeds))
    boards = 150 * TIMES
    missed = 0
    for _ in range(boards):
        noise, truth = like_ours(draw, 15, seeds)
        rows = standings(truth[:, None, None] + noise).rows
        above = (truth[:, None] < truth - 1e-9).sum(axis=1)
        below = (truth[:, None] > truth + 1e-9).sum(axis=1)
        missed += any(
            row.ranks is None or row.ranks[0] > 15 - below[i] or row.ranks[1] < 1 + above[i]
            for i, row in enumerate(rows)
        )
    measured_is(rows=15, seeds=seeds, boards=boards, ranks_missed=missed / boards)
    assert held(missed / boards, 0.05, boards)


# The gate


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("methods", [15, 40])
@pytest.mark.parametrize("partners", ["the same seeds", "other seeds"])
@pytest.mark.parametrize("setting", [like_ours, unequal_folds], ids=lambda one: one.__name__)
def test_a_board_of_unchanged_methods_is_seldom_called_a_regression(
    setting: Setting, partners: str, methods: int, seeds: int
) -> None:
    draw = np.random.default_rng((8, methods, seeds))
    boards = 600 // methods * TIMES
    called = 0
    for _ in range(boards):
        noise, truth = setting(draw, methods, 2 * seeds)
        values = truth[:, None, None] + noise
        start = "w" if partners == "the same seeds" else "other"
        sides = [(measured(one[:seeds], "w"), measured(one[seeds:], start)) for one in values]
        units = units_of(sides)
        lines = [line_of("m", *pair, METRIC, units) for pair in sides]
        lines = corrected([*lines, *all_together(sides, METRIC, units)])
        called += any(line.status == "regression" for line in lines)
    share = called / boards
    named = {"gate": setting.__name__, "partners": partners, "lines": methods, "seeds": seeds}
    measured_is(**named, boards=boards, called_a_regression=share)
    assert held(share, 0.05, boards)


METRIC = GatedMetric(name="map_at_r", higher_is_better=True, margin=Margin(0.0))


def measured(values: Floats, start: str) -> MetricBySeed:
    places = range(len(values))
    starts = dict.fromkeys(places, (start,) * FOLDS)
    return MetricBySeed({seed: tuple(values[seed].tolist()) for seed in places}, starts, ())


LOOKS = (3, 5, 10)


LOOKED_AT = [(setting, methods) for setting in (like_ours, equal, two_noisy) for methods in (8, 20)]


def through_looks(values: Floats, looks: tuple[int, ...]) -> Iterator[tuple[BoardPairs, Floats]]:
    """What is found at each look, and of which values: seeds go to rows that may be the best."""
    going, seen = np.arange(len(values)), np.full_like(values, np.nan)
    for look in looks:
        seen[going, :look] = values[going, :look]
        found = all_pairs(seen, looks=len(looks))
        yield found, seen
        going = np.flatnonzero(may_be_best(found))
        if len(going) < 2:
            return


@pytest.mark.parametrize(
    ("setting", "methods"),
    [*LOOKED_AT, (unequal_folds, 8), (folds_that_share, 8), (like_ours, 89)],
)
def test_nothing_false_is_told_at_any_declared_look_in_most_cases(
    setting: Setting, methods: int
) -> None:
    boards, draw = 1200 // methods * TIMES, np.random.default_rng((9, methods))
    wrong = lost = seeds = best = 0
    for _ in range(boards):
        noise, truth = setting(draw, methods, LOOKS[-1])
        tells = loses = False
        for found, seen in through_looks(truth[:, None, None] + noise, LOOKS):
            tells |= bool((found.better() & (truth[:, None] - truth < 1e-9)).any())
            left = may_be_best(found)
            loses |= not left[truth.argmax()]
            given = int(np.isfinite(seen[:, :, 0]).sum())
        wrong += tells
        lost += loses
        seeds += given
        best += int(left.sum())
    measured_is(
        looked_at=setting.__name__,
        rows=methods,
        boards=boards,
        wrong=wrong / boards,
        lost=lost / boards,
        seeds_a_row=seeds / boards / methods,
        may_be_best=best / boards,
    )
    assert held(wrong / boards, 0.05, boards)
    assert held(lost / boards, 0.05, boards)


def like_the_readmes(draw: Draw, methods: int, seeds: int) -> tuple[Floats, Floats]:
    """Ten means about as README's board has them, from .60 to .50 and an untrained network's."""
    means = np.array([0.600, 0.581, 0.570, 0.568, 0.538, 0.528, 0.517, 0.509, 0.503, 0.039])
    truth = means[:methods] + np.append(draw.normal(0, 0.006, methods - 1), 0.0)
    noise = 0.014 * np.exp(0.35 * draw.normal(size=methods))
    noise[-1] = 0.004
    return noise[:, None, None] * together(draw, methods, seeds), truth


@pytest.mark.parametrize("setting", [like_the_readmes, like_ours], ids=lambda one: one.__name__)
def test_three_seeds_of_ten_rows_say_more_than_looks_of_as_many_runs(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "FOLDS", 2)
    boards, draw = 60 * TIMES, np.random.default_rng(10)
    names = ("runs", "told", "may_be_best")
    whole, looked = np.zeros(3), np.zeros(3)
    for _ in range(boards):
        noise, truth = setting(draw, 10, 4)
        values = truth[:, None, None] + noise
        *_, (at_looks, seen) = through_looks(values, (2, 4))
        read = (all_pairs(values[:, :3]), values[:, :3]), (at_looks, seen)
        for sums, (found, of) in zip((whole, looked), read, strict=True):
            truly = truth[:, None] - truth >= 0.01
            told = (found.better() & truly).sum() / truly.sum()
            sums += [np.isfinite(of).sum(), told, may_be_best(found).sum()]
    for looks, sums in (("none", whole), ("2 and 4", looked)):
        shares = dict(zip(names, sums / boards, strict=True))
        measured_is(ten_rows=setting.__name__, looks=looks, boards=boards, **shares)
    assert whole[0] < looked[0]
    assert whole[1] > 1.2 * looked[1]
    assert whole[2] < 1.3 * looked[2]
