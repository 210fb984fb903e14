"""`Method`: what it may be called and declare, and points of its space."""

from __future__ import annotations

from typing import Any

import pytest

from harness import Choice, Float, Int, LabelSet, Method, Objective
from harness.errors import UserError
from harness.testing import toy_context

SPACE = {
    "margin": Float(0.0, 2.0, default=0.5),
    "bins": Int(2, 250, default=10),
    "mining": Choice(("hard", "easy"), default="hard"),
}


def method(**given: Any) -> Method:
    fields = {"name": "mine", "summary": "s", "reference": "r", "build": lambda _p, _c: None}
    return Method(**{**fields, "space": SPACE, **given})


@pytest.mark.parametrize("name", ["triplet", "proxy-nca", "n-pairs-2", "2d"])
def test_a_name_is_words_and_hyphens(name: str) -> None:
    assert method(name=name).name == name


@pytest.mark.parametrize(
    "name", ["", "Triplet", "proxy_nca", "a b", "-a", "a-", "a--b", "é", "a\n"]
)
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be lower-case words and hyphens"):
        method(name=name)


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [
        ({"batch": "balance"}, "batch 'balance'; did you mean 'balanced'?"),
        ({"labels": "some"}, "labels 'some'; did you mean 'none'?"),
        ({"setting": "closed"}, "setting 'closed'; did you mean 'closed-set'?"),
        ({"views": 3}, "views must be 1 or 2, not 3"),
        ({"members": 0}, "members must be at least 1"),
        ({"relevance": "grade"}, "relevance 'grade'; did you mean 'graded'?"),
        ({"weights": "trained"}, "weights 'trained'; did you mean 'pretrained'?"),
        ({"labels": "none"}, "labels='none' needs batch='uniform'"),
        ({"label_sets": "attribute"}, "label_sets 'attribute'; did you mean 'attributes'?"),
        ({"label_sets": "attributes", "labels": "known"}, "attributes tell labels"),
        ({"relevance": "graded", "labels": "known"}, "graded relevance tells labels"),
        (
            {"per_label_set": ("margin",)},
            "'margin' needs that name in the space and label_sets='at",
        ),
        ({"per_label_set": ("weight",), "label_sets": "attributes"}, "'weight' needs that name"),
        (
            {"per_label_set": ("margin", "margin"), "label_sets": "attributes"},
            "'margin': it is named twice",
        ),
        (
            {
                "space": {"objective_rate": Float(0.1, 10.0, default=1.0, log=True)},
                "per_label_set": ("objective_rate",),
                "label_sets": "attributes",
            },
            "'objective_rate': the core acts on it",
        ),
        ({"per_label_set": "margin", "label_sets": "attributes"}, "must be a tuple of names, not"),
        ({"per_label_set": None}, "must be a tuple of names, not None"),
        ({"per_label_set": (["margin"],), "label_sets": "attributes"}, "needs that name in the"),
        (
            {
                "space": {"margin.role": Float(0.0, 1.0, default=0.5)},
                "per_label_set": ("margin",),
                "label_sets": "attributes",
            },
            "hyperparameter 'margin.role' (allowed: letters, digits, _ and -",
        ),
        ({"space": {"a=b": Int(1, 2, default=1)}}, "hyperparameter 'a=b' (allowed"),
        ({"space": {"": Int(1, 2, default=1)}}, "hyperparameter '' (allowed"),
        ({"space": {"a b": Int(1, 2, default=1)}}, "hyperparameter 'a b' (allowed"),
        ({"space": {3: Int(1, 2, default=1)}}, "hyperparameter 3 (allowed"),
        ({"build": None}, "build must be callable"),
        ({"build": lambda c: c}, "build(c) cannot take the two that it is given"),
        ({"build": lambda h, c, d: c}, "build(h, c, d) cannot take the two"),
        ({"build": Objective()}, "build is an Objective, and all runs would share it"),
        ({"comparison": "cosin"}, "comparison 'cosin'; did you mean 'cosine'?"),
        (
            {"space": {"objective_rate": Float(0.1, 10.0, default=1.0)}},
            "objective_rate must be a Float on a log scale",
        ),
        (
            {"space": {"objective_schedule": Choice(("cosin",), default="cosin")}},
            "objective_schedule must be a Choice of some of: protocol, constant, cosine, linear",
        ),
        (
            {"space": {"samples_per_class": Choice((2, 4.0), default=2)}},
            "samples_per_class must be an Int or a Choice of whole numbers from 2",
        ),
        (
            {"space": {"samples_per_class": Int(1, 8, default=2)}},
            "samples_per_class must be an Int or a Choice of whole numbers from 2",
        ),
        (
            {"space": {"samples_per_class": Int(2, 8, default=2)}, "batch": "uniform"},
            "samples_per_class needs batch='balanced' or 'clusters'",
        ),
    ],
)
def test_a_declaration_outside_its_list_is_refused(declared: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^method mine: ") as raised:
        method(**declared)
    assert wrong in str(raised.value)


def test_a_method_that_does_not_train_needs_no_batches_without_labels() -> None:
    assert method(labels="none", trained=False).batch == "balanced"


def test_the_default_point_is_that_of_the_ranges() -> None:
    assert method().defaults() == {"margin": 0.5, "bins": 10, "mining": "hard"}


def test_a_point_is_completed_with_defaults() -> None:
    assert method().point({"margin": 1.0}) == {"margin": 1.0, "bins": 10, "mining": "hard"}


def test_a_point_is_read_from_typed_values() -> None:
    typed = {"margin": "1", "bins": "3", "mining": "easy"}
    assert method().point(typed) == {"margin": 1.0, "bins": 3, "mining": "easy"}


def test_an_unknown_hyperparameter_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError) as raised:
        method().point({"margn": 1.0})
    assert str(raised.value) == (
        "method mine: unknown hyperparameter 'margn'; did you mean 'margin'? "
        "(allowed: margin, bins, mining)"
    )


def test_a_method_without_a_space_has_no_hyperparameter() -> None:
    with pytest.raises(UserError, match=r"unknown hyperparameter 'margin' \(allowed: none\)$"):
        method(space={}).point({"margin": 1.0})


@pytest.mark.parametrize("value", ["3", 3.0])
def test_a_value_outside_its_range_is_named(value: object) -> None:
    with pytest.raises(UserError, match=r"^method mine: margin: 3\.0 is outside \[0, 2\]$"):
        method().point({"margin": value})


def test_a_method_cannot_be_assigned_to() -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        method().views = 2  # type: ignore[misc]


def test_the_builder_does_not_receive_what_the_core_acts_on() -> None:
    space = {
        **SPACE,
        "objective_rate": Float(0.1, 100.0, default=10.0, log=True),
        "objective_schedule": Choice(("protocol", "constant"), default="constant"),
        "samples_per_class": Choice((2, 4, 8), default=2),
    }
    received: list[dict[str, Any]] = []
    made = method(space=space, build=lambda point, _c: received.append(point))
    made.objective(made.point({"margin": 1.0}), None)  # type: ignore[arg-type]
    assert received == [{"margin": 1.0, "bins": 10, "mining": "hard"}]


def test_what_each_label_set_has_of_its_own_reaches_the_builder_as_a_mapping() -> None:
    sets = (LabelSet(name="family", values=2), LabelSet(name="implemented-in", values=3))
    names = tuple(one.name for one in sets)
    context = toy_context(label_sets=sets)
    usual = method(
        label_sets="attributes", per_label_set=("margin",), build=lambda given, _context: given
    )
    own = usual.beside(names)
    ordered = ["margin.family", "margin.implemented-in", "bins", "mining"]
    assert list(own.space) == list(own.defaults()) == ordered
    point = own.point({"margin.implemented-in": "1.5"})
    given: Any = own.objective(point, context)
    assert given == {
        "margin": {"family": 0.5, "implemented-in": 1.5}, "bins": 10, "mining": "hard",
    }  # fmt: skip
    assert usual.objective(point, context) == given
    alike: Any = usual.objective(usual.point({"margin": 1.0}), context)
    assert alike["margin"] == dict.fromkeys(names, 1.0)
    with pytest.raises(UserError, match=r"unknown hyperparameter 'margin'; did you mean 'margin"):
        own.point({"margin": 1.0})
