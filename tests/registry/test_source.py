"""The source digest: which code a plugin is, whatever version it says it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.registry import load_registry
from harness.registry.files import find_root, is_foreign, source_digest

Install = Callable[..., Path]

PLUGIN = """
from harness import hookimpl, loss_method

@hookimpl
def bench_methods():
    return [loss_method("mine", lambda: None, summary="s", reference="r")]
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of two modules and a subpackage."""
    root = tmp_path / "package"
    (root / "inner").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "loss.py").write_text("MARGIN = 1\n")
    (root / "inner" / "__init__.py").write_text("")
    return root


def test_the_same_files_have_the_same_digest(package: Path) -> None:
    assert source_digest(package) == source_digest(package)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda root: (root / "loss.py").write_text("MARGIN = 2\n"), id="edited"),
        pytest.param(lambda root: (root / "inner" / "new.py").write_text(""), id="added"),
        pytest.param(lambda root: (root / "loss.py").unlink(), id="removed"),
        pytest.param(lambda root: (root / "loss.py").rename(root / "lost.py"), id="renamed"),
        pytest.param(lambda root: (root / "inner").rename(root / "outer"), id="folder renamed"),
    ],
)
def test_an_edit_is_another_digest(edit: Callable[[Path], object], package: Path) -> None:
    before = source_digest(package)
    edit(package)
    assert source_digest(package) != before


def test_what_python_compiles_beside_it_changes_nothing(package: Path) -> None:
    before = source_digest(package)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "loss.cpython-311.pyc").write_bytes(b"\0")
    assert source_digest(package) == before


def test_a_package_has_the_same_digest_wherever_it_lies(package: Path, tmp_path: Path) -> None:
    before = source_digest(package)
    assert source_digest(package.rename(tmp_path / "elsewhere")) == before


def test_an_edited_plugin_that_kept_its_version_has_another_source(install: Install) -> None:
    site = install(PLUGIN)
    before = load_registry().method("mine").origin.source
    (site / "acme_plugin" / "loss.py").write_text("MARGIN = 2\n")
    after = load_registry().method("mine")
    assert (after.version, after.origin.source == before) == ("1.0", False)


def test_an_edited_plugin_file_has_another_source(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN)
    before = load_registry([path]).method("mine").origin.source
    path.write_text(PLUGIN + "# edited\n")
    assert load_registry([path]).method("mine").origin.source != before


def test_a_plugin_in_a_module_has_the_source_of_its_whole_package(install: Install) -> None:
    site = install("", target="acme_plugin.hooks")
    (site / "acme_plugin" / "hooks.py").write_text(PLUGIN)
    assert load_registry().method("mine").origin.root == site / "acme_plugin"


def test_a_plugin_in_a_namespace_has_the_source_of_its_own_part(install: Install) -> None:
    site = install(PLUGIN, package="acme_space.losses")
    assert load_registry().method("mine").origin.root == site / "acme_space" / "losses"


def test_a_root_is_found_without_importing_the_package(install: Install) -> None:
    site = install("raise RuntimeError('imported')")
    root = find_root("acme_plugin.hooks")
    assert root is not None
    assert root.path == site / "acme_plugin"


@pytest.mark.parametrize("module", ["nowhere_to_be_found", "sys", "not a module", ""])
def test_what_is_no_package_on_disk_has_no_root(module: str) -> None:
    assert find_root(module) is None


def test_a_package_deep_in_namespaces_is_found(tmp_path: Path) -> None:
    package = tmp_path / "outer" / "middle" / "inner"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    root = find_root("outer.middle.inner.module", [str(tmp_path)])
    assert root is not None
    assert (root.name, root.path) == ("outer.middle.inner", package)


def test_what_was_installed_into_any_folder_of_the_path_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "target" / "library" / "__init__.py"
    assert is_foreign(library)
    (tmp_path / "target" / "library-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "target"))
    assert not is_foreign(library)
    assert is_foreign(tmp_path / "beside.py")
