"""Ranges: what they hold, what they refuse, and how a typed value is read."""

from __future__ import annotations

import pytest

from harness import Choice, Float, Int

MARGIN = Float(0.0, 2.0, default=0.5)
BINS = Int(2, 250, default=10)
KIND = Choice(("hard", "easy", 3, True), default="hard")


@pytest.mark.parametrize("value", [0.0, 2.0, 1, 0.5])
def test_a_float_range_holds_its_bounds_and_whole_numbers(value: float) -> None:
    checked = MARGIN.check(value)
    assert (checked, type(checked)) == (value, float)


@pytest.mark.parametrize("value", [-0.01, 2.01, float("nan"), float("inf")])
def test_a_float_range_refuses_what_is_outside(value: float) -> None:
    with pytest.raises(ValueError, match=r"is outside \[0, 2\]$"):
        MARGIN.check(value)


@pytest.mark.parametrize("value", ["1", None, True, [1.0]])
def test_a_float_range_refuses_what_is_no_number(value: object) -> None:
    with pytest.raises(ValueError, match=r"is not a number \(allowed: \[0, 2\]\)$"):
        MARGIN.check(value)


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("1e-1", 0.1), (" 0.5 ", 0.5)])
def test_a_float_is_read_as_it_is_typed(text: str, value: float) -> None:
    assert MARGIN.parse(text) == value


@pytest.mark.parametrize("text", ["much", "", "nan", "3"])
def test_a_typed_float_is_checked(text: str) -> None:
    with pytest.raises(ValueError, match=r"\[0, 2\]"):
        MARGIN.parse(text)


@pytest.mark.parametrize("value", [2, 250])
def test_a_whole_range_holds_its_bounds(value: int) -> None:
    assert BINS.check(value) == value


@pytest.mark.parametrize("value", [1, 251])
def test_a_whole_range_refuses_what_is_outside(value: int) -> None:
    with pytest.raises(ValueError, match=rf"^{value} is outside \{{2\.\.250\}}$"):
        BINS.check(value)


@pytest.mark.parametrize("value", [10.0, "10", True, None])
def test_a_whole_range_refuses_what_is_no_whole_number(value: object) -> None:
    with pytest.raises(ValueError, match="is not a whole number"):
        BINS.check(value)


def test_a_whole_number_is_read_as_it_is_typed() -> None:
    assert BINS.parse("17") == 17


@pytest.mark.parametrize("text", ["1.5", "ten", "", "1"])
def test_a_typed_whole_number_is_checked(text: str) -> None:
    with pytest.raises(ValueError, match=r"\{2\.\.250\}"):
        BINS.parse(text)


@pytest.mark.parametrize("value", ["hard", "easy", 3, True])
def test_a_choice_holds_its_options(value: object) -> None:
    assert KIND.check(value) is value


@pytest.mark.parametrize("value", ["medium", "3", 3.0, 1, None])
def test_a_choice_refuses_what_is_no_option_even_if_it_is_equal_to_one(value: object) -> None:
    with pytest.raises(ValueError, match=r"is not one of \{hard, easy, 3, True\}$"):
        KIND.check(value)


@pytest.mark.parametrize(("text", "option"), [("easy", "easy"), ("3", 3), ("True", True)])
def test_a_choice_is_read_as_it_is_printed(text: str, option: object) -> None:
    assert KIND.parse(text) is option


def test_a_typed_choice_is_checked() -> None:
    with pytest.raises(ValueError, match="'medium' is not one of"):
        KIND.parse("medium")


@pytest.mark.parametrize("kind", [Float, Int])
@pytest.mark.parametrize(
    ("low", "high", "default", "log", "wrong"),
    [
        (2, 1, 1, False, "low 2 must be below high 1"),
        (1, 1, 1, False, "low 1 must be below high 1"),
        (0, 1, 1, True, "a log range needs low > 0, not 0"),
        (1, 3, 4, False, r"default 4 is outside \[1, 3\]"),
        (float("-inf"), 1, 0, False, "must be finite"),
        (0, 1, float("nan"), False, "must be finite"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(
    kind: type, low: float, high: float, default: float, log: bool, wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong):
        kind(low, high, default, log=log)


def test_a_choice_without_its_default_is_refused() -> None:
    with pytest.raises(ValueError, match=r"default 'c' is not one of \{a, b\}"):
        Choice(("a", "b"), default="c")


@pytest.mark.parametrize(("value", "on_bound"), [(0.0, True), (2.0, True), (1.0, False)])
def test_a_best_value_on_a_bound_is_told(value: float, on_bound: bool) -> None:
    assert MARGIN.on_bound(value) is on_bound


def test_a_choice_has_no_bounds() -> None:
    assert not KIND.on_bound("hard")


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (Float(1e-5, 100, 0.1, log=True), "[1e-05, 100] log"),
        (BINS, "{2..250}"),
        (KIND, "{hard, easy, 3, True}"),
    ],
)
def test_a_range_is_printed_in_a_few_signs(bounds: object, text: str) -> None:
    assert str(bounds) == text
