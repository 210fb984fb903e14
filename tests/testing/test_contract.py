"""`MethodContract` is the whole suite, and pytest runs it for a plugin author."""

import subprocess
import sys

import pytest

from harness.testing import CHECKS, MethodContract

AUTHORS_TEST = """
import pytest
import torch
from harness import loss_method
from harness.testing import MethodContract

def method_of(loss):
    return loss_method("mine", lambda: loss, summary="a toy", reference="none")

class TestSound(MethodContract):
    @pytest.fixture
    def method(self):
        return method_of(lambda e, y: (e @ e.T).mean() - (e @ e.T)[y[:, None] == y].mean())

class TestBroken(MethodContract):
    @pytest.fixture
    def method(self):
        return method_of(lambda e, y: (e[:1] - e).square().sum(dim=1).sqrt().mean())
"""


def test_it_has_one_test_for_each_check():
    tests = {name for name in vars(MethodContract) if name.startswith("test_")}
    assert tests == {f"test_{check.__name__}" for check in CHECKS}


@pytest.mark.parametrize("name", [check.__name__ for check in CHECKS])
def test_each_test_calls_the_check_of_its_name(name):
    assert name in getattr(MethodContract, f"test_{name}").__code__.co_names


@pytest.fixture(scope="module")
def authors_output(tmp_path_factory):
    """What pytest prints for a sound and a broken method."""
    file = tmp_path_factory.mktemp("author") / "test_mine.py"
    file.write_text(AUTHORS_TEST)
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    return done.stdout


def test_a_sound_method_fails_nothing_in_the_pytest_of_its_author(authors_output):
    assert "TestSound::test_it_beats_the_untrained_embedding PASSED" in authors_output
    assert "FAILED test_mine.py::TestSound" not in authors_output


def test_a_broken_promise_is_a_failed_test_with_its_sentence(authors_output):
    assert "TestBroken::test_coinciding_embeddings_give_no_nan FAILED" in authors_output
    assert "mine: a gradient is not finite where all embeddings coincide" in authors_output


def test_a_promise_that_is_not_made_is_a_skipped_test(authors_output):
    assert "TestSound::test_it_works_without_labels SKIPPED" in authors_output


def test_importing_the_suite_does_not_import_pytest():
    code = "import sys, harness.testing; print('pytest' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.strip() == "False"
