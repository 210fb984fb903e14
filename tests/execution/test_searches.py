"""Queries and galleries inside a test part: by roles, several, with what is no answer."""

from __future__ import annotations

import numpy as np
import pytest

from harness.data.dataset import Attribute, Dataset
from harness.data.splits import roles_of, searches
from harness.errors import UserError
from harness.execution.scores import score_concatenation, score_part
from harness.protocol.rules import ScoringRule
from harness.scoring import score_embeddings
from harness.scoring.verification import verify

COUNT, CLASSES = 120, 6
DRAW = np.random.default_rng(0)
LABELS = np.arange(COUNT) % CLASSES
POINTS = (np.eye(CLASSES)[LABELS] + DRAW.normal(0, 0.6, (COUNT, CLASSES))).astype(np.float32)
ROLES = np.repeat([0, 1, 2, 3], COUNT // 4)
CAMERAS = DRAW.integers(0, 3, COUNT)
NAMES = ("gallery", "query", "shop", "train")
CODES = {"query": 0, "gallery": 1, "shop": 2, "train": 3}


def rule(**more) -> ScoringRule:
    given = {"gallery": "given", "distance": "cosine", "recall_at": (1, 4), **more}
    return ScoringRule(clustering_restarts=1, **given)


def dataset(labels=LABELS) -> Dataset:
    return Dataset(
        name="toy",
        inputs=POINTS,
        labels=labels,
        class_names=tuple("abcdef"),
        source="s",
        licence="l",
        attributes={
            "role": Attribute(
                values=np.array([NAMES.index(name) for name in CODES])[ROLES], names=NAMES
            ),
            "camera": Attribute(values=CAMERAS, names=("1", "2", "3")),
        },
    )


def arrays(of: ScoringRule) -> dict[str, np.ndarray]:
    own = roles_of(dataset(), np.arange(COUNT), of)
    return {"test_embeddings": POINTS, "test_labels": LABELS, **own}


def apart(role: int, **more):
    """The queries against one gallery, cut by hand."""
    asks, shelf = ROLES == 0, role == ROLES
    if more.pop("exclude", False):
        more |= {"exclude": CAMERAS[asks], "gallery_exclude": CAMERAS[shelf]}
    return score_embeddings(
        POINTS[asks], LABELS[asks], gallery=POINTS[shelf], gallery_labels=LABELS[shelf],
        recall_at=(1, 4), clustering=None, seed=0, **more,
    )  # fmt: skip


@pytest.mark.parametrize("exclude", [(), ("camera",)])
def test_a_run_is_scored_as_its_queries_and_gallery_are_apart(exclude):
    of = rule(exclude=exclude)
    scores, per_query = score_part(arrays(of), of, metrics=(), seed=0)
    by_hand = apart(1, exclude=bool(exclude))
    for name, value in by_hand.values.items():
        assert scores.values[name] == value
        assert np.array_equal(per_query[f"per_query.{name}"], by_hand.per_query[name])
    assert scores.class_means.items() >= by_hand.class_means.items()
    assert np.array_equal(per_query["queries"], np.flatnonzero(ROLES == 0)[by_hand.queries])
    assert (scores.queries, scores.singletons) == (len(by_hand.queries), by_hand.singletons)


def test_exclusion_without_roles_is_that_of_all_others():
    of = rule(gallery="self", exclude=("camera",))
    scores, _ = score_part(arrays(of), of, metrics=(), seed=0)
    by_hand = score_embeddings(POINTS, LABELS, exclude=CAMERAS, clustering=None, seed=0)
    assert scores.values["map_at_r"] == by_hand.values["map_at_r"]
    assert scores.values["map_at_r"] != score_embeddings(POINTS, LABELS, seed=0).values["map_at_r"]


def test_of_several_galleries_each_is_searched_alone_and_the_mean_counts():
    of = rule(galleries=("gallery", "shop"))
    scores, per_query = score_part(arrays(of), of, metrics=(), seed=0)
    each = [apart(1), apart(2)]
    assert scores.values["map_at_r_in_gallery"] == each[0].values["map_at_r"]
    assert scores.values["map_at_r_in_shop"] == each[1].values["map_at_r"]
    mean = np.mean([one.per_query["map_at_r"] for one in each], axis=0)
    np.testing.assert_allclose(per_query["per_query.map_at_r"], mean, atol=1e-12)
    assert scores.values["map_at_r"] == pytest.approx(mean.mean(), abs=1e-12)


def test_a_query_counts_in_the_galleries_that_hold_its_class():
    labels = LABELS.copy()
    labels[(ROLES == 2) & (LABELS == 5)] = 4
    of = rule(galleries=("gallery", "shop"))
    known = roles_of(dataset(labels), np.arange(COUNT), of)
    given = {"test_embeddings": POINTS, "test_labels": labels, **known}
    scores, per_query = score_part(given, of, metrics=(), seed=0)
    assert len(per_query["queries"]) == 30
    assert scores.singletons == 0
    alone = score_part(given, rule(), metrics=(), seed=0)[1]
    lacking = labels[per_query["queries"]] == 5
    assert np.array_equal(
        per_query["per_query.map_at_r"][lacking], alone["per_query.map_at_r"][lacking]
    )


def test_pairs_are_of_queries_and_all_that_is_searched():
    of = rule(galleries=("gallery", "shop"), verification=(0.1,))
    scores, _ = score_part(arrays(of), of, metrics=(), seed=0)
    asks, shelf = ROLES == 0, (ROLES == 1) | (ROLES == 2)
    pairs = verify(
        POINTS[asks], LABELS[asks], gallery=POINTS[shelf], gallery_labels=LABELS[shelf], fars=(0.1,)
    )
    assert scores.values["roc_auc"] == pairs.values["roc_auc"]


def test_a_concatenation_searches_as_its_folds_do():
    of = rule(exclude=("camera",))
    own, _ = score_part(arrays(of), of, metrics=(), seed=0)
    twice = score_concatenation([arrays(of)] * 2, of, metrics=(), seed=0)
    assert twice.values["map_at_r"] == pytest.approx(own.values["map_at_r"], abs=1e-6)


def test_what_is_searched_is_said():
    of = rule(galleries=("gallery", "shop"), exclude=("camera",))
    assert list(searches(dataset(), np.arange(COUNT), of)) == [
        "30 queries of the test part search 30 of gallery and 30 of shop",
        "no answer to a query: items of its class with its camera",
    ]
    assert list(searches(dataset(), np.arange(COUNT), rule(gallery="self"))) == []


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (rule(exclude=("camra",)), "needs its attribute camra; did you mean 'camera'"),
        (rule(galleries=("galery",)), "no sample of the test part has the role galery"),
    ],
)
def test_what_the_data_lack_is_one_line(of, said):
    with pytest.raises(UserError, match=said):
        roles_of(dataset(), np.arange(COUNT), of)


def test_a_gallery_that_answers_no_query_is_one_line():
    asks = LABELS[ROLES == 0]
    labels = LABELS.copy()
    labels[ROLES == 0], labels[ROLES != 0] = asks % 2, 2 + LABELS[ROLES != 0] % 3
    with pytest.raises(UserError, match="no query of the test part has an item of its class"):
        roles_of(dataset(labels), np.arange(COUNT), rule())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gallery": "self", "galleries": ("a",)}, "galleries are named with gallery = 'given'"),
        ({"gallery": "train", "exclude": ("camera",)}, "exclude is for a gallery of test samples"),
        ({"galleries": ("query",)}, "none is query"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(more, said):
    with pytest.raises(ValueError, match=said):
        rule(**more)
