"""What the distribution lists, and that listing it costs nothing."""

import subprocess
import sys
from collections import Counter

import pytest
from bench_methods import METHODS, linear

REALITY_CHECK = [
    "untrained",
    "contrastive",
    "triplet",
    "ntxent",
    "proxy-nca",
    "margin",
    "margin-per-class",
    "normalized-softmax",
    "cosface",
    "arcface",
    "fastap",
    "snr-contrastive",
    "multi-similarity",
    "multi-similarity-miner",
    "soft-triple",
]
CLASSIFICATION = {"proxy-nca", "normalized-softmax", "cosface", "arcface", "soft-triple"}
NAMES = [method.name for method in METHODS]


def test_the_methods_of_the_reality_check_are_there():
    assert set(REALITY_CHECK) <= set(NAMES)


def test_no_name_is_taken_twice():
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []


@pytest.mark.parametrize("name", REALITY_CHECK)
def test_its_classification_losses_draw_one_image_a_class_and_the_others_several(named, name):
    expected = "one-per-class" if name in CLASSIFICATION else "balanced"
    assert named[name].batch == expected


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_the_default_point_lies_in_the_space(method):
    assert method.point(method.defaults()) == method.defaults()


def test_only_weights_as_they_are_given_and_readouts_of_them_are_not_trained():
    untrained = {method.name for method in METHODS if not method.trained}
    given = {"untrained", "pretrained", "frozen-features"}
    assert untrained == given | {method.name for method in linear.METHODS}


def test_listing_the_methods_does_not_import_torch():
    heavy = "{'torch', 'sklearn', 'metric_learn', 'pytorch_metric_learning'}"
    code = (
        "import sys, bench_methods; bench_methods.bench_methods(); "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.strip() == "[]"
