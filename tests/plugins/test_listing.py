"""What the distribution lists, and that listing it costs nothing."""

import subprocess
import sys

import pytest
from bench_methods import METHODS

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


def test_the_methods_are_those_of_the_reality_check():
    assert [method.name for method in METHODS] == REALITY_CHECK


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_classification_losses_draw_one_image_a_class_and_the_others_several(method):
    expected = "one-per-class" if method.name in CLASSIFICATION else "balanced"
    assert method.batch == expected


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_the_default_point_lies_in_the_space(method):
    assert method.point(method.defaults()) == method.defaults()


def test_only_the_baseline_is_not_trained():
    assert [method.name for method in METHODS if not method.trained] == ["untrained"]


def test_listing_the_methods_does_not_import_torch():
    code = "import sys, bench_methods; bench_methods.bench_methods(); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
