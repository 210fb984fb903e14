"""`bench plugin new` and `bench plugin check`."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from harness.cli.plugin import app
from harness.errors import EXIT_USAGE, UserError

BROKEN = """
from harness import hookimpl, loss_method

@hookimpl
def bench_methods():
    return [loss_method("broken", lambda: lambda e, y: e, summary="a toy", reference="none")]
"""


def bench(*arguments):
    return CliRunner().invoke(app, list(arguments))


def python(*arguments, path, cwd=None):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), *sys.path[1:]])}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project as `bench plugin new` writes it."""
    directory = tmp_path_factory.mktemp("new")
    assert bench("new", "my-loss", "--directory", str(directory)).exit_code == 0
    return directory / "my-loss"


@pytest.fixture(scope="module")
def site(project, tmp_path_factory):
    """A folder with that project installed in it."""
    site = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--target", str(site)]
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *options]
    subprocess.run([*command, str(project)], check=True, timeout=600)
    return site


def test_a_new_project_has_a_package_a_test_and_a_readme(project):
    found = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert found == {
        "README.md",
        "pyproject.toml",
        "bench_my_loss/__init__.py",
        "bench_my_loss/loss.py",
        "bench_my_loss/py.typed",
        "tests/test_method.py",
    }


def test_no_placeholder_is_left_in_it(project):
    assert not [path for path in project.rglob("*.*") if "$" in path.read_text()]


def test_it_is_clean_under_ruff(project):
    for command in (["check"], ["format", "--check"]):
        options = ["--isolated", "--no-cache"]
        done = python("-m", "ruff", *command, *options, ".", path=project, cwd=project)
        assert done.returncode == 0, done.stdout


def test_once_installed_its_own_tests_pass(project, site, tmp_path):
    options = ["-q", "-p", "no:cacheprovider"]
    done = python("-m", "pytest", *options, str(project), path=site, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_once_installed_check_finds_it_by_its_method_name(site):
    code = "from harness.cli.plugin import app; app()"
    done = python("-c", code, "check", "my-loss", path=site)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "my-loss")


def test_new_says_what_to_do_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    last = bench("new", "mine").stdout.splitlines()[-1]
    assert last == "next: pip install -e ./mine && bench plugin check mine"


@pytest.mark.parametrize("name", ["My", "1st", "a_b", "a--b", "", "../up", "-x-"])
def test_a_name_that_is_no_method_name_is_refused(tmp_path, name):
    result = bench("new", "--directory", str(tmp_path), "--", name)
    assert isinstance(result.exception, UserError)
    assert "lower-case letters and digits" in str(result.exception)


def test_a_name_with_a_meaning_of_its_own_is_refused(tmp_path):
    result = bench("new", "all", "--directory", str(tmp_path))
    assert "--methods all" in str(result.exception)


def test_a_name_that_an_installed_plugin_has_is_refused(tmp_path):
    result = bench("new", "core", "--directory", str(tmp_path))
    assert "the name 'core' is taken by metric-learning-bench" in str(result.exception)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    result = bench("new", "mine", "--directory", str(tmp_path))
    assert "exists already: nothing was written" in str(result.exception)
    assert not list((tmp_path / "mine").iterdir())


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    result = bench("new", "mine", "--directory", str(tmp_path / "file"))
    assert isinstance(result.exception, UserError)
    assert "cannot write" in str(result.exception)


def test_a_failed_check_says_why_and_exits_with_one(tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    result = bench("check", "broken", "--plugin", str(tmp_path / "broken.py"))
    line = "  fail  its loss is a finite scalar: broken: the loss has shape (32, 8), not ()"
    assert (result.exit_code, line in result.stdout.splitlines()) == (1, True)


def test_a_file_stands_for_all_that_it_offers(tmp_path):
    two = BROKEN.replace("[loss", "[loss_method('other', lambda: lambda e, y: e.sum(), "
                         "summary='a toy', reference='none'), loss")  # fmt: skip
    (tmp_path / "My_methods.py").write_text(two)
    result = bench("check", str(tmp_path / "My_methods.py"))
    heads = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert (result.exit_code, heads) == (1, ["other", "broken"])


def test_a_path_without_methods_says_what_is_wrong_with_it(tmp_path):
    (tmp_path / "empty.py").write_text(
        "from harness import hookimpl\n\n@hookimpl\ndef bench_datasets():\n    return []\n"
    )
    (tmp_path / "mine").mkdir()
    for path, said in (
        ("nowhere.py", "no such file"),
        ("empty.py", "offers no methods"),
        ("mine", "pip install -e "),
    ):
        error = bench("check", str(tmp_path / path)).exception
        assert isinstance(error, UserError)
        assert path in str(error)
        assert said in str(error)


def test_an_unknown_name_is_a_usage_error():
    error = bench("check", "no-such-method").exception
    assert (error.exit_code, str(error).startswith("unknown method 'no-such-method'")) == (
        EXIT_USAGE,
        True,
    )


def test_importing_the_command_imports_nothing_heavy():
    code = (
        "import sys, harness.cli.plugin; print({'torch', 'numpy', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
