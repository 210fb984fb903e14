"""Plugin distributions on disk: a package and the metadata that pip would leave beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a plugin for the length of a test; returns the folder that is put on sys.path.

    The distribution `acme` holds one module or package, `acme_plugin`, with `source` in it.
    """
    packages = set()

    def write(
        source: str,
        *,
        distribution: str = "acme",
        version: str = "1.0",
        plugin: str = "acme-losses",
        package: str = "acme_plugin",
        target: str | None = None,
    ) -> Path:
        packages.add(package.partition(".")[0])
        site = tmp_path / f"{distribution}-{version}"
        code = site.joinpath(*package.split(".")) / "__init__.py"
        code.parent.mkdir(parents=True)
        code.write_text(source)
        info = site / f"{distribution}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[bench]\n{plugin} = {target or package}\n")
        monkeypatch.syspath_prepend(str(site))
        return site

    yield write
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            del sys.modules[name]
