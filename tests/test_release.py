"""What stands around the code: workflows, packaging and templates name what is there."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import COMMANDS

yaml = pytest.importorskip("yaml", reason="reads workflows")

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
YAMLS = [
    *sorted((ROOT / ".github").rglob("*.yml")),
    ROOT / ".pre-commit-config.yaml",
    ROOT / "CITATION.cff",
    ROOT / "conda" / "recipe.yaml",
]
PROJECTS = [ROOT / "pyproject.toml", ROOT / "plugins" / "pyproject.toml"]
ON_CONDA = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
"""What conda-forge calls otherwise, and its name on PyPI."""


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def project(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def commands(path: Path) -> list[str]:
    """Every line that a workflow runs."""
    return [line for step in steps(path) for line in step.get("run", "").splitlines()]


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: path.name)
def test_every_file_is_yaml_with_something_in_it(path: Path) -> None:
    assert isinstance(read(path), dict)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_a_workflow_runs_is_there(path: Path) -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    named = " ".join(commands(path))
    assert set(re.findall(r"tox -e (\w+)", named)) <= {
        name.removeprefix("testenv:") for name in tox.sections()
    } | {"py"}
    assert set(re.findall(r"(?:^|/|\s)bench (\w+)", named)) <= COMMANDS.keys()
    for step in steps(path):
        used = step.get("uses", "")
        assert step.keys() & {"uses", "run"}
        if used.startswith("./"):
            action = read(ROOT / used / "action.yml")
            assert step.get("with", {}).keys() <= action["inputs"].keys()
            given = step["with"]["baseline"]
            assert (ROOT / given).is_file()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_write_only_where_it_says_so(path: Path) -> None:
    assert read(path)["permissions"] == {"contents": "read"}


def test_a_release_needs_no_token() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    publish = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in text


def test_tests_run_on_every_python_that_the_packages_name() -> None:
    (matrix,) = [
        job["strategy"]["matrix"]["python"]
        for job in read(ROOT / ".github" / "workflows" / "tests.yml")["jobs"].values()
        if "strategy" in job
    ]
    for path in PROJECTS:
        prefix = "Programming Language :: Python :: 3."
        named = [c.rpartition(" ")[2] for c in project(path)["classifiers"] if c.startswith(prefix)]
        assert named == matrix


def test_versions_are_one() -> None:
    version = project(PROJECTS[0])["version"]
    assert project(PROJECTS[1])["version"] == version
    assert str(read(ROOT / "CITATION.cff")["version"]) == version
    assert read(ROOT / "conda" / "recipe.yaml")["context"]["version"] == version


def test_the_conda_recipe_needs_what_the_wheel_needs() -> None:
    needed = [line.split() for line in read(ROOT / "conda" / "recipe.yaml")["requirements"]["run"]]
    ours = {ON_CONDA.get(name, name): floor for name, floor in needed if name != "python"}
    wheel = dict(re.findall(r"([\w-]+)(>=\S+)", " ".join(project(PROJECTS[0])["dependencies"])))
    assert ours == wheel


def test_the_image_is_made_of_files_that_are_there() -> None:
    lines = (ROOT / "docker" / "Dockerfile").read_text().splitlines()
    for line in (line for line in lines if line.startswith("COPY ")):
        *sources, _ = shlex.split(line)[1:]
        assert [one for one in sources if not (ROOT / one).exists()] == []
    assert os.access(ROOT / "docker" / "build", os.X_OK)


@pytest.mark.parametrize("name", ["bug", "method"])
def test_an_issue_form_asks_for_each_thing_once(name: str) -> None:
    form = read(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml")
    ids = [part["id"] for part in form["body"]]
    assert len(set(ids)) == len(ids) > 2
    assert all(part["attributes"]["label"] for part in form["body"])
    said = " ".join(part["attributes"].get("description", "") for part in form["body"])
    assert set(re.findall(r"`bench (\w+)", said)) <= COMMANDS.keys()
