"""The line for a name that is not allowed."""

from harness.errors import unknown


def test_few_allowed_names_are_all_shown() -> None:
    line = str(unknown("fruit", "aple", ["pear", "apple"], where="basket"))
    assert line == "basket: unknown fruit 'aple'; did you mean 'apple'? (allowed: apple, pear)"


def test_of_many_allowed_names_the_nearest_are_shown() -> None:
    names = [f"name-{number:03}" for number in range(200)]
    line = str(unknown("name", "name-17", names))
    assert "name-170" in line
    assert line.endswith(", and 192 more)")
    assert line.count("name-") == 10  # the one asked for, the nearest, and eight


def test_a_list_may_be_empty() -> None:
    assert str(unknown("name", "x", [])) == "unknown name 'x' (allowed: none)"
