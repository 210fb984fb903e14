"""Formulas for numbers of parameters: arithmetic, and nothing else."""

import pytest

from harness.testing.formula import evaluate

NAMES = {"C": 5, "d": 3, "F": 7, "D": 12, "K": 2}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("0", 0),
        ("C * d", 15),
        ("2 * C * d + C", 35),
        ("F * (d + 1)", 28),
        ("K * d - 1", 5),
        ("D // 5", 2),
        ("2 ** d", 8),
        ("C - K - 1", 2),
    ],
)
def test_a_formula_has_its_value(formula, value):
    assert evaluate(formula, NAMES) == value


@pytest.mark.parametrize(
    ("formula", "wrong"),
    [
        ("", "'' is no formula"),
        ("C *", "'C \\*' is no formula"),
        ("C d", "is no formula"),
        ("c * d", "'c' is not allowed here \\(allowed: C, d, F, D, K\\)"),
        ("C / d", "'C / d' is not allowed"),
        ("max(C, d)", "'max\\(C, d\\)' is not allowed"),
        ("C.real", "'C.real' is not allowed"),
        ("'C' * d", "is not allowed"),
        ("[C][0]", "is not allowed"),
        ("__import__('os')", "is not allowed"),
    ],
)
def test_anything_else_is_refused(formula, wrong):
    with pytest.raises(ValueError, match=wrong):
        evaluate(formula, NAMES)
