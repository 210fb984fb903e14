"""The simulated user: which clusters, how many members, and what is never told."""

from __future__ import annotations

import numpy as np
import pytest

from harness.correcting.user import RULES, Terms, User
from harness.errors import UserError

LABELS = np.repeat(np.arange(6), 20)
ASSIGNED = np.concatenate([np.zeros(50), np.ones(30), np.full(25, 2), np.full(15, 3)]).astype(int)


def told(seed: int = 0, turns: int = 3, **terms: object) -> list[np.ndarray]:
    user = User(LABELS, Terms(**terms), seed=seed)  # type: ignore[arg-type]
    return [user.look(ASSIGNED, turn) for turn in range(turns)]


def test_the_largest_clusters_are_shown_and_no_more_of_them_than_the_budget() -> None:
    first, second, third = told(clusters=1, members=30, withheld=0.0)
    assert len(first) == 30
    assert set(ASSIGNED[first]) == {0}
    assert set(ASSIGNED[second]) == {1}  # 20 of the first cluster are left
    assert set(ASSIGNED[third]) == {2}


def test_the_least_pure_clusters_are_shown() -> None:
    # Cluster 3 holds one class alone; 0 three; 1 and 2 two, the second of them more evenly.
    (first, second) = told(turns=2, rule="least-pure", clusters=1, members=100, withheld=0.0)
    assert set(ASSIGNED[first]) == {0}
    assert set(ASSIGNED[second]) == {1}
    every = told(turns=4, rule="least-pure", clusters=1, members=100, withheld=0.0)
    assert set(ASSIGNED[every[3]]) == {3}


def test_one_text_alone_is_not_the_purest_of_all() -> None:
    user = User(np.array([0, 1, 1, 1]), Terms(rule="least-pure", clusters=1, withheld=0.0), seed=0)
    assert user.look(np.array([0, 1, 1, 1]), 0).tolist() == [1, 2, 3]


@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_shown_twice_and_withheld_classes_are_never_told(rule: str) -> None:
    every = np.concatenate(told(turns=20, rule=rule, clusters=2, members=9, withheld=0.34))
    assert len(every) == len(set(every))
    assert len(set(LABELS[every])) == 4  # 2 of 6 are withheld
    assert len(every) == 80  # and in the end all others are told


def test_draws_depend_on_the_seed_alone() -> None:
    first = told(rule="random", members=5)
    np.random.seed(3)
    assert all(map(np.array_equal, first, told(rule="random", members=5)))
    assert not all(map(np.array_equal, first, told(seed=1, rule="random", members=5)))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"turns": 0}, "--turns must be 1 or more, not 0"),
        ({"clusters": 0}, "--clusters must be 1 or more, not 0"),
        ({"members": -1}, "--members must be 1 or more, not -1"),
        ({"withheld": 1.0}, "--withheld must be 0 or more and below 1, not 1.0"),
        ({"rule": "least"}, "unknown rule 'least'; did you mean 'least-pure'"),
    ],
)
def test_wrong_terms_are_a_line(terms: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Terms(**terms)  # type: ignore[arg-type]


def test_a_user_who_knows_one_class_has_nothing_to_tell_apart() -> None:
    with pytest.raises(UserError, match=r"--withheld 0.9 of 6 classes leaves 1"):
        User(LABELS, Terms(withheld=0.9), seed=0)
