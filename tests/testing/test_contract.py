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

class TestMine(MethodContract):
    @pytest.fixture
    def method(self):
        return loss_method("mine", lambda: {loss}, summary="a toy", reference="none")
"""


def test_it_has_one_test_for_each_check():
    tests = {name for name in vars(MethodContract) if name.startswith("test_")}
    assert tests == {f"test_{check.__name__}" for check in CHECKS}


@pytest.mark.parametrize("name", [check.__name__ for check in CHECKS])
def test_each_test_calls_the_check_of_its_name(name):
    assert name in getattr(MethodContract, f"test_{name}").__code__.co_names


@pytest.mark.parametrize(
    ("loss", "summary"),
    [
        (
            "lambda e, y: -(e @ e.T)[y[:, None] == y].mean() + (e @ e.T).mean()",
            "9 passed, 3 skipped",
        ),
        ("lambda e, y: (e[:1] - e).norm(dim=1).mean()", "failed"),
    ],
    ids=["sound", "broken"],
)
def test_the_pytest_of_an_author_runs_it(tmp_path, loss, summary):
    (tmp_path / "test_mine.py").write_text(AUTHORS_TEST.format(loss=loss))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert summary in done.stdout


def test_importing_the_suite_does_not_import_pytest():
    code = "import sys, harness.testing; print('pytest' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
