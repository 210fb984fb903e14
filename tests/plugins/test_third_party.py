"""A plugin from outside comes in by the same door, and has all that ours have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1] / "third_party"


@pytest.fixture
def python(third_party_site):
    """Run a Python command line in an environment with the outside plugin; return the process."""

    def python(*arguments, cwd=None):
        path = os.pathsep.join([str(third_party_site), *sys.path[1:]])
        return subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": path},
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return python


def test_its_methods_are_listed_with_its_distribution_and_version(python):
    code = (
        "from harness.registry import load_registry\n"
        "for name, found in load_registry().methods.items():\n"
        "    print(name, found.distribution, found.version)"
    )
    listed = python("-c", code).stdout.splitlines()
    assert {line for line in listed if line.startswith("acme-")} == {
        "acme-tuplet acme-metric-losses 1.2.0",
        "acme-center acme-metric-losses 1.2.0",
    }


def test_all_methods_of_the_distribution_pass_the_conformance_suite(python):
    done = python("-c", "from harness.cli.plugin import app; app()", "check", "Acme_metric.losses")
    assert (done.returncode, done.stdout.count(" 0 failed")) == (0, 2)


def test_its_own_tests_pass(python, tmp_path):
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(PROJECT), cwd=tmp_path)
    assert done.returncode == 0, done.stdout
