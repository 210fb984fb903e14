"""What a method needs, in words."""

import pytest

from harness.method import Method


def method(**declared):
    return Method(name="toy", build=lambda *_: None, summary="a toy", reference="Me", **declared)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({}, ("balanced",)),
        ({"batch": "uniform", "labels": "none"}, ("uniform", "no labels")),
        ({"labels": "known"}, ("balanced", "known labels")),
        ({"views": 2}, ("balanced", "two views")),
        ({"members": 4}, ("balanced", "4 backbones")),
        ({"setting": "closed-set"}, ("balanced", "a closed set")),
        ({"relevance": "graded"}, ("balanced", "graded relevance")),
        ({"label_sets": "attributes"}, ("balanced", "label sets beside the class")),
        ({"requires": {"torchvision": "pip install it"}}, ("balanced", "torchvision")),
        ({"weights": "pretrained", "trained": False}, ("pretrained weights",)),
        ({"trained": False, "readout": True, "labels": "none"}, ("no labels",)),
        ({"trained": False}, ()),
    ],
)
def test_a_method_says_what_others_may_lack(declared, expected):
    assert method(**declared).needs == expected
