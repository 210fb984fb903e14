"""The catalogue of metrics: one name, one title, one direction."""

import numpy as np
import pytest

from harness.errors import UserError
from harness.metrics import (
    FAMILIES,
    METRICS,
    direction_of,
    find_metric,
    in_order,
    known_metric,
    metric_facts,
    title_of,
)
from harness.record import Audit, Told
from harness.scoring import score_embeddings
from harness.scoring.classifiers import classify

NAMES = ["map_at_r", "precision_at_1", "recall_at_10", "accuracy_knn_1", "purity"]


def test_every_score_that_the_core_computes_is_in_the_catalogue() -> None:
    draw = np.random.default_rng(0)
    points, labels = draw.normal(size=(24, 4)).astype(np.float32), np.repeat(np.arange(4), 6)
    found = score_embeddings(points, labels, recall_at=(1, 2, 4, 8, 10), seed=0)
    for name in found.values:
        facts = known_metric(name)
        assert facts is not None
        assert (facts.kind, facts.higher_is_better) == ("score", True)
        assert facts.low <= found.values[name] <= facts.high + 1e-9
        assert facts.summary
    classified = classify(points, labels, points, labels, classifiers=["knn_1"], seed=0)
    for measure in ("accuracy", "macro_f1", "ami"):
        facts = known_metric(f"{measure}_knn_1")
        assert facts is not None
        assert facts.low <= getattr(classified["knn_1"], measure) <= facts.high + 1e-9


def test_costs_are_better_lower_and_are_those_of_the_audit() -> None:
    costs = {name for name, facts in METRICS.items() if facts.kind == "cost"}
    assert all(METRICS[name].higher_is_better is False for name in costs)
    assert {"training_seconds", "seconds", "images_embedded", "parameters"} <= costs
    assert costs <= Audit.model_fields.keys()


def test_names_and_titles_are_unique() -> None:
    titles = [facts.title.casefold() for facts in METRICS.values()]
    assert len(set(titles) | {name.casefold() for name in METRICS}) == 2 * len(METRICS) - sum(
        facts.title.casefold() == name.casefold() for name, facts in METRICS.items()
    )


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("recall_at_10", "R@10"),
        ("accuracy_knn_1", "accuracy (knn_1)"),
        ("ami_svm_rbf", "AMI (svm_rbf)"),
        ("purity", "purity"),
    ],
)
def test_families_have_titles_of_their_own(name: str, title: str) -> None:
    assert title_of(name) == title


def test_no_family_takes_a_name_of_the_catalogue() -> None:
    assert [facts.name for facts in FAMILIES] == [
        "recall_at_K",
        "map_at_r_in_GALLERY",
        "accuracy_NAME",
        "macro_f1_NAME",
        "ami_NAME",
        "tar_at_far_RATE",
    ]
    assert not {facts.name for facts in FAMILIES} & METRICS.keys()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("map_at_r", "map_at_r"),
        ("MAP@R", "map_at_r"),
        ("map@r", "map_at_r"),
        ("R@10", "recall_at_10"),
        ("Accuracy (knn_1)", "accuracy_knn_1"),
        ("purity", "purity"),
    ],
)
def test_a_name_or_a_title_finds_a_metric(text: str, name: str) -> None:
    assert find_metric(text, NAMES, where="--metric") == name


@pytest.mark.parametrize(
    ("text", "near"), [("MAP@S", "map_at_r"), ("map", "map_at_r"), ("puritie", "purity")]
)
def test_a_slip_is_answered_with_the_nearest(text: str, near: str) -> None:
    with pytest.raises(UserError, match=f"unknown metric '{text}'; did you mean '{near}'"):
        find_metric(text, NAMES, where="--metric")


def test_the_order_is_the_catalogues_then_families_then_plugins() -> None:
    assert in_order(["zeal", "accuracy_knn_1", "precision_at_1", "map_at_r", "art"]) == [
        "map_at_r",
        "precision_at_1",
        "accuracy_knn_1",
        "art",
        "zeal",
    ]


def test_a_plugins_direction_is_what_its_records_say() -> None:
    told = {"entropy": Told(higher_is_better=False)}
    assert direction_of(metric_facts("entropy", told), None) is False


def test_without_a_recorded_direction_it_is_asked_for_in_a_line() -> None:
    with pytest.raises(UserError, match=r"which way it is better.*say it by --higher-is-better or"):
        direction_of(metric_facts("entropy"), None)
    assert direction_of(metric_facts("entropy"), False) is False


def test_what_is_recorded_cannot_be_turned_around() -> None:
    with pytest.raises(UserError, match="'map_at_r': higher is better"):
        direction_of(metric_facts("map_at_r"), False)


def test_a_plugin_cannot_take_a_name_of_the_core() -> None:
    told = {"map_at_r": Told(higher_is_better=False)}
    assert metric_facts("map_at_r", told).higher_is_better is True
