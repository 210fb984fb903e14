"""The line for a name that is not allowed."""

from harness.errors import unknown


def test_few_allowed_names_are_all_shown() -> None:
    line = str(unknown("fruit", "aple", ["pear", "apple"], where="basket"))
    assert line == "basket: unknown fruit 'aple'; did you mean 'apple'? (allowed: apple, pear)"


def test_of_many_allowed_names_the_nearest_are_shown() -> None:
    names = [*(f"fruit-{number:03}" for number in range(200)), "apple"]
    line = str(unknown("name", "aple", names))
    assert "did you mean 'apple'? (allowed: apple, " in line
    assert line.count("fruit-") == 7
    assert line.endswith(", and 193 more)")


def test_a_list_may_be_empty() -> None:
    assert str(unknown("name", "x", [])) == "unknown name 'x' (allowed: none)"
