"""What the core's wheel carries beside its code, and that the code finds it there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.protocol import load_protocol, published_names

PROJECT = Path(__file__).parents[2]

LOAD = """
from harness.data.embedded import load_glyphs
from harness.protocol import load_protocol, published_names
from harness.protocol import protocols_folder
print(protocols_folder())
print(*published_names())
print(load_protocol("smoke").digest)
print(len(load_glyphs()))
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core's wheel, built from this checkout."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder)]
    subprocess.run([*command, str(PROJECT)], check=True, timeout=600)
    (built,) = folder.glob("metric_learning_bench-*.whl")
    return built


@pytest.fixture(scope="session")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it lies where it is installed."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize(
    "place",
    [
        "harness/py.typed",
        "harness/_protocols/reality-check-small.toml",
        "harness/_protocols/smoke.toml",
        "harness/data/embedded/glyphs_data/glyphs.npy.xz",
        "harness/data/embedded/glyphs_data/LICENSE_DEJAVU",
        "harness/data/embedded/glyphs_data/LICENSE_STIX",
        "harness/data/embedded/build_glyphs.py",
        "harness/models/weights/characters.safetensors",
        "harness/plugin_template/files/pyproject.toml.txt",
    ],
)
def test_it_carries_what_the_code_reads(place: str, unpacked: Path) -> None:
    assert (unpacked / place).is_file()


def test_it_carries_every_published_protocol(unpacked: Path) -> None:
    carried = [path.stem for path in (unpacked / "harness" / "_protocols").iterdir()]
    assert sorted(carried) == published_names()


def test_it_carries_its_licence(unpacked: Path) -> None:
    (licence,) = unpacked.glob("*.dist-info/licenses/LICENSE")
    assert "MIT License" in licence.read_text()


def test_it_installs_one_package_and_one_command(unpacked: Path) -> None:
    (entries,) = unpacked.glob("*.dist-info/entry_points.txt")
    assert entries.read_text().split() == [
        "[console_scripts]",
        "bench",
        "=",
        "harness.cli.__main__:bench",
    ]
    assert [path.name for path in unpacked.iterdir() if path.suffix != ".dist-info"] == ["harness"]


def test_it_carries_nothing_that_was_compiled_or_cached_here(unpacked: Path) -> None:
    names = {part for path in unpacked.rglob("*") for part in path.relative_to(unpacked).parts}
    assert not {"__pycache__", ".ruff_cache", ".mypy_cache"} & names


def test_what_it_carries_is_found_where_it_is_installed(unpacked: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    folder, names, digest, glyphs = done.stdout.splitlines()
    assert Path(folder) == unpacked / "harness" / "_protocols"
    assert names.split() == published_names()
    assert digest == load_protocol("smoke").digest
    assert int(glyphs) > 0
