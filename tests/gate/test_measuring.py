"""What is paired is paired, what is not is Welch's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.gate.decision import Decision, decide
from harness.gate.lines import corrected
from harness.gate.measuring import MetricBySeed, difference_of, mean_change, units_of
from harness.gate.report import GateReport, Line


def side(values: list[float], *, start: str = "w", seeds: range | None = None) -> MetricBySeed:
    places = seeds or range(len(values))
    return MetricBySeed(
        {seed: (value,) for seed, value in zip(places, values, strict=True)},
        {seed: (f"{start}{seed}",) for seed in places},
        (),
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
    bare = MetricBySeed({0: (0.5,), 1: (0.6,)}, {0: (None,), 1: (None,)}, ())
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
    assert decide(found, 0.01).verdict == "inconclusive"


def test_noise_is_taken_within_folds():
    before = MetricBySeed({0: (0.5, 0.7), 1: (0.5, 0.7)}, {0: ("w", "x"), 1: ("y", "z")}, ())
    after = MetricBySeed({0: (0.51, 0.9), 1: (0.49, 0.92)}, before.starts, ())
    found = difference_of(before, after)
    # changes (.01, .2), (-.01, .22): +-.01 about each fold's, two degrees of freedom
    assert found.mean == pytest.approx(0.105)
    assert found.standard_error == pytest.approx(np.sqrt(4 * 0.01**2 / 2 / 4))
    assert found.degrees == pytest.approx(2)


def test_what_is_read_of_all_lines_holds_for_each():
    draw = np.random.default_rng(0)
    sides = []
    for _ in range(20):
        values = draw.normal(0.5, 0.1, (2, 3, 4)) * [1, 1, 1, 5]
        starts = dict.fromkeys(range(3), ("w",) * 4)
        sides.append(
            tuple(
                MetricBySeed({s: tuple(v) for s, v in enumerate(side)}, starts, ())
                for side in values
            )
        )
    units = units_of(sides)
    assert 1.0 < (units.folds or 0.0) < 2.0
    assert difference_of(*sides[0], units).degrees == pytest.approx(2 * (units.folds or 0.0))


def sides_of(shift: float, methods: int = 20) -> list[tuple[MetricBySeed, MetricBySeed]]:
    draw = np.random.default_rng(1)
    starts = dict.fromkeys(range(3), ("w",) * 4)
    found = []
    for _ in range(methods):
        old, new = 0.5 + draw.normal(0, 0.03, (2, 3, 4)) - [[[0.0]], [[shift]]]
        found.append(
            (
                MetricBySeed({s: tuple(old[s]) for s in range(3)}, starts, ()),
                MetricBySeed({s: tuple(new[s]) for s in range(3)}, starts, ()),
            )
        )
    return found


def test_all_methods_together_show_what_none_does():
    sides = sides_of(0.025)
    units = units_of(sides)
    alone = [decide(difference_of(*pair, units), 0.01).verdict for pair in sides]
    together = decide(mean_change(sides, units), 0.01)
    assert alone.count("regression") < 10
    assert together.verdict == "regression"
    assert decide(mean_change(sides_of(0.0), units), 0.01).verdict == "pass"


def test_two_methods_speak_for_themselves():
    assert mean_change(sides_of(0.0, methods=2), units_of(sides_of(0.0, methods=2))) is None


def test_a_regression_must_survive_holm_over_all_lines():
    def line(name: str, p_value: float) -> Line:
        worse = p_value <= 0.05
        decision = Decision(
            verdict="regression" if worse else "pass",
            sentence="",
            low=None,
            high=None,
            detectable=None,
            p_value=p_value,
        )
        return Line(
            method=name, metric="x", status=decision.verdict, sentence=name, decision=decision
        )

    lines = corrected([line("far", 0.001), line("near", 0.03), line("same", 0.6)])
    assert [one.status for one in lines] == ["regression", "suspected", "pass"]
    assert lines[1].sentence == "near, by itself; not among 3 lines (Holm, 5 %)"
    report = GateReport(baseline="b", candidate="c", subject="s", lines=lines[1:])
    assert (report.status, report.exit_code) == ("suspected", 5)
    lax = GateReport(baseline="b", candidate="c", subject="s", lines=lines[1:], inconclusive="pass")
    assert lax.exit_code == 0


def test_sides_without_partners_are_read_for_their_folds_too():
    draw = np.random.default_rng(0)
    sides = []
    for _ in range(20):
        values = draw.normal(0.5, 0.1, (2, 3, 4)) * [1, 1, 1, 5]
        sides.append(
            tuple(
                MetricBySeed(
                    {s: tuple(v) for s, v in enumerate(side)},
                    dict.fromkeys(range(3), (start,) * 4),
                    (),
                )
                for side, start in zip(values, "wx", strict=True)
            )
        )
    units = units_of(sides)
    assert 1.0 < (units.folds or 0.0) < 2.0
    found = difference_of(*sides[0], units)
    assert found.basis == "unpaired replicates"
    assert found.degrees <= 4 * (units.folds or 0.0) + 1e-9  # of both sides together, not 16


def test_a_score_that_never_varies_says_nothing_of_folds():
    constant = side([0.5, 0.5, 0.5]), side([0.4, 0.4, 0.4])
    noisy = sides_of(0.0)
    assert units_of([*noisy, constant, constant]) == units_of(noisy)


def test_the_seeds_of_a_searched_method_are_its_units_and_no_others():
    draw = np.random.default_rng(2)
    sides = sides_of(0.0)
    old, new = 0.5 + draw.normal(0, 0.03, (2, 3, 4)) + draw.normal(0, 0.1, (2, 3, 1))
    starts = sides[0][0].starts
    searched = tuple(
        MetricBySeed({s: tuple(side[s]) for s in range(3)}, starts, (), by_seeds=True)
        for side in (old, new)
    )
    units = units_of([*sides, searched])
    assert units == units_of(sides)
    found = difference_of(*searched, units)
    expected = stats.ttest_rel(new.mean(axis=1), old.mean(axis=1)).confidence_interval(0.9)
    decision = decide(found, 0.01)
    assert (decision.low, decision.high) == pytest.approx(tuple(expected))
    assert difference_of(*sides[0], units).degrees > 6
    assert mean_change([*sides, searched], units).degrees == 2
