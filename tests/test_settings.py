"""What people type for limits, and what it is read as."""

from typing import Any

import pytest

from harness.errors import UserError
from harness.settings import Settings, seconds, size


@pytest.mark.parametrize(
    ("text", "read"),
    [("90", 90), ("5min", 300), ("10m", 600), ("1.5 h", 5400), ("2hours", 7200), ("30s", 30)],
)
def test_times_are_read_as_people_write_them(text: str, read: float) -> None:
    assert seconds("--time-limit", text) == read


@pytest.mark.parametrize(
    ("text", "read"), [("512M", 512 << 20), ("4G", 4 << 30), ("4GB", 4 << 30), ("1 TiB", 1 << 40)]
)
def test_sizes_are_read_as_people_write_them(text: str, read: int) -> None:
    assert size("--memory-limit", text) == read


@pytest.mark.parametrize("text", ["", "5 days", "-3m", "0s", "nan", "inf", "1.2.3s", "min"])
def test_what_is_no_time_is_one_line_that_says_what_is(text: str) -> None:
    with pytest.raises(UserError, match="allowed: seconds, or a number with s, min or h"):
        seconds("--time-limit", text)


@pytest.mark.parametrize("text", ["512", "4K", "GB"])
def test_what_is_no_size_is_one_line_that_says_what_is(text: str) -> None:
    with pytest.raises(UserError, match="allowed: a number with M, G or T"):
        size("--memory-limit", text)


@pytest.mark.parametrize(
    "given",
    [
        {"workers": 0},
        {"workers": -1},
        {"workers": "2"},
        {"workers": True},
        {"threads": 0},
        {"threads": None},
        {"threads": 1.5},
        {"together": 0},
        {"workers_per_gpu": 0},
        {"time_limit": 0},
        {"time_limit": -5.0},
        {"time_limit": "10m"},
        {"time_limit": float("nan")},
        {"memory_limit": 0},
        {"memory_limit": float("inf")},
    ],
)
def test_numbers_that_are_none_of_a_machine_are_refused(given: dict[str, Any]) -> None:
    (name,) = given
    with pytest.raises(UserError, match=f"^settings: {name}=.*: must be a (whole )?number"):
        Settings(**given)
