"""Whatever decides what a plugin does is in the run's id, or the run is refused."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import json
import os
import py_compile
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.registry import RegisteredMethod, item, load_registry

Write = Callable[..., Path]

BESIDE = "import pathlib, sys\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"


def identity(path: Path, name: str = "bad") -> tuple[str, tuple[str, ...]]:
    found: RegisteredMethod = load_registry([path]).method(name)
    return found.origin.source, found.libraries


IMPORTS = {
    "at the top": (BESIDE + "import helper\n", ""),
    "inside a function": (BESIDE, "def build():\n    import helper\n"),
    "by from": (BESIDE, "def build():\n    from helper import SIGN\n"),
    "by its name": (
        BESIDE,
        "def build():\n    import importlib\n    importlib.import_module('helper')\n",
    ),
    "by a name made while importing": (
        BESIDE + "import importlib\nimportlib.import_module('hel' + 'per')\n",
        "",
    ),
    "through another": (BESIDE + "def build():\n    import between\n", ""),
    "in a folder": (BESIDE + "def build():\n    from folder import inner\n", ""),
    "in a package without __init__": (BESIDE + "def build():\n    import space.inner\n", ""),
}


@pytest.mark.parametrize("kind", IMPORTS)
def test_a_module_beside_the_file_is_part_of_it(kind: str, plugin: Write, tmp_path: Path) -> None:
    first, last = IMPORTS[kind]
    path = plugin(first, last=last)
    helper, between = tmp_path / "helper.py", tmp_path / "between.py"
    between.write_text("def late():\n    import helper\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__init__.py").write_text("")
    (tmp_path / "space").mkdir()
    files = [helper, tmp_path / "folder" / "inner.py", tmp_path / "space" / "inner.py"]
    for file in files:
        file.write_text("SIGN = 1\n")
    before = identity(path)
    assert identity(path) == before
    for file in files:
        file.write_text("SIGN = -1\n")
    assert identity(path) != before


def test_data_in_the_plugins_package_are_part_of_it(install_package: Path) -> None:
    before = load_registry().method("bad").origin.source
    (install_package / "settings.toml").write_text("temperature = 0.1\n")
    assert load_registry().method("bad").origin.source != before


@pytest.fixture
def install_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugin: Write) -> Path:
    """An installed distribution of one package with a data file."""
    from importlib import metadata

    from harness import registry

    package = tmp_path / "data_plugin"
    package.mkdir()
    (package / "__init__.py").write_text(plugin().read_text())
    (package / "settings.toml").write_text("temperature = 50.0\n")
    info = tmp_path / "data-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: data\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[bench]\ndata = data_plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(
        registry, "_entry_points", lambda: list(metadata.PathDistribution(info).entry_points)
    )
    return package


def test_a_library_is_part_of_the_methods_that_import_it_and_of_no_other(
    plugin: Write, tmp_path: Path
) -> None:
    site = tmp_path / "site-packages"
    (site / "lossy").mkdir(parents=True)
    (site / "lossy" / "__init__.py").write_text("")
    info = site / "lossy_losses-2.8.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: lossy-losses\nVersion: 2.8\n")
    (info / "top_level.txt").write_text("lossy\n")
    path = plugin(
        f"import sys\nsys.path.insert(0, {str(site)!r})\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import sklearn\n",
        last="def build():\n    import lossy, torch, json\n",
    )
    assert identity(path)[1] == ("lossy-losses 2.8",)
    (info / "METADATA").write_text("Name: lossy-losses\nVersion: 2.9\n")
    assert identity(path)[1] == ("lossy-losses 2.9",)


REWRITES = """
import pathlib
ME = pathlib.Path(__file__)
ME.write_text("CHEAT = 0\\n" + ME.read_text().split("# hon" + "est")[1])
# honest"""


@pytest.mark.usefixtures("unfenced")
def test_a_file_that_rewrites_itself_is_digested_before_and_then_refused(plugin: Write) -> None:
    path = plugin(REWRITES)
    honest = path.read_text().split("# honest")[1]
    found = load_registry([path]).method("bad")
    assert path.read_text() == "CHEAT = 0\n" + honest
    with pytest.raises(UserError, match="changed since the session began; start it again"):
        item(found.origin, "bench_methods", "bad")
    assert load_registry([path]).method("bad").origin.source != found.origin.source


def test_a_helper_that_changes_during_the_session_is_refused(plugin: Write, tmp_path: Path) -> None:
    (tmp_path / "changing.py").write_text("A = 1\n")
    found = load_registry([plugin(BESIDE, last="def build():\n    import changing\n")]).method(
        "bad"
    )
    assert found.origin.source
    (tmp_path / "changing.py").write_text("A = 2\n")
    with pytest.raises(UserError, match=r"changing\.py changed since the session began"):
        item(found.origin, "bench_methods", "bad")


def test_bytecode_that_a_plugin_forged_does_not_run(plugin: Write, tmp_path: Path) -> None:
    """It says of itself that it is of the source that is digested: of its time and its size."""
    path = plugin(BESIDE + "from helper import NAME\nassert NAME == 'a1'\n")
    helper = tmp_path / "helper.py"
    helper.write_text("NAME = 'no'\n")
    os.utime(helper, (1_000_000_000, 1_000_000_000))
    forged = py_compile.compile(str(helper), doraise=True)
    helper.write_text("NAME = 'a1'\n")
    os.utime(helper, (1_000_000_000, 1_000_000_000))
    assert importlib.util.cache_from_source(str(helper)) == forged
    assert "bad" in load_registry([path]).methods


def test_old_identities_have_the_ids_that_they_had(make_run: Callable[..., object]) -> None:
    identity = make_run()[0].identity  # type: ignore[index]
    assert identity.model_copy(update={"libraries": ("a 1",)}).run_id != identity.run_id
    content = identity.model_dump(exclude={"libraries", "search", "trial"})
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert identity.run_id == hashlib.sha256(text.encode()).hexdigest()[:20]


def test_an_edit_of_one_size_in_one_second_is_not_taken_from_the_cache(
    plugin: Write, tmp_path: Path
) -> None:
    """Python tells compiled files apart by size and whole seconds."""
    path = plugin(BESIDE + "from helper import NAME\nassert NAME != 'no'\n")
    (tmp_path / "helper.py").write_text("NAME = 'a1'\n")
    load_registry([path])
    now = time.time()
    (tmp_path / "helper.py").write_text("NAME = 'no'\n")
    os.utime(tmp_path / "helper.py", (now, now))
    with pytest.raises(UserError, match="AssertionError"):
        load_registry([path])


def compiled(path: Path, sign: int) -> None:
    source = path.with_suffix(".txt")
    source.write_text(f"SIGN = {sign}\n")
    py_compile.compile(str(source), cfile=str(path), doraise=True)
    source.unlink()


def archived(path: Path, sign: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.py", f"SIGN = {sign}\n")


def extension(path: Path, sign: int) -> None:
    speedups = importlib.util.find_spec("markupsafe._speedups")
    if speedups is None or speedups.origin is None or not speedups.has_location:
        pytest.skip("no compiled module is at hand")
    path.write_bytes(Path(speedups.origin).read_bytes() + bytes([sign + 1]))


SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]
LOADED = (
    "import importlib.util as u\n{0}spec = u.spec_from_file_location('_speedups', HERE / '_speedups"
    + SUFFIX
    + "')\n{0}spec.loader.exec_module(u.module_from_spec(spec))\n"
)
HERE = BESIDE + "HERE = pathlib.Path(__file__).parent\n"
ON_PATH = "sys.path.insert(0, str(HERE / 'lib.zip'))\n"
NO_SOURCE: dict[str, tuple[str, Callable[[Path, int], None], str, str]] = {
    "bytecode": ("inner.pyc", compiled, "", "import inner\n"),
    "bytecode in a package": ("folder/inner.pyc", compiled, "", "import folder.inner\n"),
    "an archive": ("lib.zip", archived, ON_PATH, "import inner\n"),
    "a compiled module": (f"_speedups{SUFFIX}", extension, "", LOADED),
}


def import_apart(path: Path) -> str:
    """Import a plugin where only what its origin knows may run, and build; what came of it."""
    code = (
        "import sys; from pathlib import Path; from harness import registry, sandbox\n"
        "registry._entry_points = list; sandbox.choose(False)\n"
        "origin = registry.load_registry([Path(sys.argv[1])]).method('bad').origin\n"
        "registry.confine(); registry.item(origin, 'bench_methods', 'bad')\n"
        "sys.modules['bench_plugin_bad'].build(); print('it ran')\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", NO_SOURCE)
def test_a_module_without_a_source_is_part_of_it_or_does_not_run(
    kind: str, plugin: Write, tmp_path: Path
) -> None:
    place, write, first, importing = NO_SOURCE[kind]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__init__.py").write_text("")
    write(tmp_path / place, 1)
    path = plugin(HERE + first + importing.format(""))
    before = identity(path)
    write(tmp_path / place, -1)
    assert identity(path) != before
    inside = "    " + first.replace("\n", "\n    ") + importing.format("    ")
    path = plugin(HERE, last="def build():\n" + inside)
    before = identity(path)
    write(tmp_path / place, 1)
    if identity(path) == before:
        said = import_apart(path)
        assert "by a name that is made while running" in said
        assert "it ran" not in said


def test_data_behind_a_link_to_a_folder_are_part_of_it(install_package: Path) -> None:
    data = install_package.parent / "data"
    data.mkdir()
    (data / "words.txt").write_text("one")
    (install_package / "words").symlink_to(data)
    (install_package / "itself").symlink_to(install_package)
    (install_package / "everything").symlink_to("/")
    before = load_registry().method("bad").origin
    assert [file.place for file in before.all_files][-1] == "words/words.txt"
    (data / "words.txt").write_text("two")
    assert load_registry().method("bad").origin.source != before.source
