"""Tie letters: the one property that defines them, and known displays."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.standings import tie_letters


def square(methods: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    apart = np.zeros((methods, methods), bool)
    for i, j in pairs:
        apart[i, j] = apart[j, i] = True
    return apart


def groups(text: str) -> set[str]:
    """The letters of one method: a letter with the digits behind it."""
    found: list[str] = []
    for character in text:
        if character.isalpha():
            found.append(character)
        else:
            found[-1] += character
    return set(found)


@st.composite
def relations(draw: st.DrawFn) -> np.ndarray:
    methods = draw(st.integers(1, 9))
    pairs = list(combinations(range(methods), 2))
    chosen = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    return square(methods, [p for p, apart in zip(pairs, chosen, strict=True) if apart])


@given(relations())
def test_two_share_a_letter_if_and_only_if_they_cannot_be_told_apart(apart: np.ndarray) -> None:
    letters = [groups(text) for text in tie_letters(apart)]
    for i, j in combinations(range(len(apart)), 2):
        assert bool(letters[i] & letters[j]) != apart[i, j]


@given(relations())
def test_every_method_has_a_letter_and_the_first_has_a(apart: np.ndarray) -> None:
    letters = tie_letters(apart)
    assert all(letters)
    assert "a" in letters[0]


@given(relations())
def test_no_letter_is_needless(apart: np.ndarray) -> None:
    letters = [groups(text) for text in tie_letters(apart)]
    for letter in set().union(*letters):
        rest = [text - {letter} for text in letters]
        untied = [i for i in range(len(apart)) if not rest[i]]
        unshared = [
            pair
            for pair in combinations(range(len(apart)), 2)
            if not apart[pair] and not rest[pair[0]] & rest[pair[1]]
        ]
        assert untied or unshared


def test_all_alike_share_one_letter() -> None:
    assert tie_letters(square(4, [])) == ["a"] * 4


def test_all_told_apart_have_a_letter_each() -> None:
    assert tie_letters(square(3, list(combinations(range(3), 2)))) == ["a", "b", "c"]


def test_one_in_between_has_both_letters() -> None:
    assert tie_letters(square(3, [(0, 2)])) == ["a", "ab", "b"]


def test_a_chain_of_neighbours() -> None:
    apart = square(5, [p for p in combinations(range(5), 2) if p[1] - p[0] > 1])
    assert tie_letters(apart) == ["a", "ab", "bc", "cd", "d"]


def test_a_noisy_method_ties_with_those_above_and_below_that_are_told_apart() -> None:
    # 0 and 1 are told apart, 2 is too noisy to be told from either.
    assert tie_letters(square(3, [(0, 1)])) == ["a", "b", "ab"]


def test_letters_go_on_beyond_the_alphabet() -> None:
    letters = tie_letters(square(60, list(combinations(range(60), 2))))
    assert (letters[25], letters[26], letters[51], letters[52]) == ("z", "A", "Z", "a1")
    assert len(set(letters)) == 60


def test_no_method_has_no_letters() -> None:
    assert tie_letters(np.zeros((0, 0), bool)) == []


@pytest.mark.parametrize("apart", [[[False, True], [False, False]], [[True]], [[False, False]]])
def test_what_is_no_symmetric_relation_is_refused(apart: list[list[bool]]) -> None:
    with pytest.raises(ValueError, match=r"symmetric|itself"):
        tie_letters(apart)
