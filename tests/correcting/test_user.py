"""The simulated user: which clusters, how many members, and what is never told."""

from __future__ import annotations

import numpy as np
import pytest

from harness.correcting.user import User
from harness.errors import UserError
from harness.protocol import load_protocol
from harness.protocol.rules import CLUSTER_RULES, CorrectingRule

LABELS = np.repeat(np.arange(6), 20)
ASSIGNED = np.concatenate([np.zeros(50), np.ones(30), np.full(25, 2), np.full(15, 3)]).astype(int)


def of(**terms: object) -> CorrectingRule:
    """What a user does, the rest as in the published protocol."""
    rule = load_protocol("user-corrected").correcting
    assert rule is not None
    return CorrectingRule.model_validate({**rule.model_dump(), **terms})


def told(seed: int = 0, turns: int = 3, **terms: object) -> list[np.ndarray]:
    user = User(LABELS, of(**terms), seed=seed)
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
    user = User(np.array([0, 1, 1, 1]), of(rule="least-pure", clusters=1, withheld=0.0), seed=0)
    assert user.look(np.array([0, 1, 1, 1]), 0).tolist() == [1, 2, 3]


@pytest.mark.parametrize("rule", CLUSTER_RULES)
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
    ("override", "said"),
    [
        ("turns=0", "correcting.turns: Input should be greater than 0 (given: 0)"),
        ("clusters=0", "correcting.clusters: Input should be greater than 0"),
        ("members=-1", "correcting.members: Input should be greater than 0"),
        ("withheld=1.0", "correcting.withheld: Input should be less than 1"),
        ("rule=least", "correcting.rule: 'least' is not allowed; did you mean 'least-pure'?"),
        ("adaptiv=true", "unknown key 'adaptiv'; did you mean 'adaptive'?"),
    ],
)
def test_wrong_terms_are_a_line(override: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        load_protocol("user-corrected", overrides=[f"correcting.{override}"])
    assert said in str(error.value)


def test_the_adaptive_protocol_differs_in_that_alone() -> None:
    plain, adaptive = (load_protocol(f"user-corrected{end}") for end in ("", "-adaptive"))
    assert plain.correcting is not None
    assert adaptive.correcting == plain.correcting.model_copy(update={"adaptive": True})
    named = {"name", "summary", "digest", "correcting"}
    assert plain.model_dump(exclude=named) == adaptive.model_dump(exclude=named)


def test_a_user_who_knows_one_class_has_nothing_to_tell_apart() -> None:
    with pytest.raises(UserError, match=r"--withheld 0.9 of 6 classes leaves 1"):
        User(LABELS, of(withheld=0.9), seed=0)
