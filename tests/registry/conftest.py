"""Plugin distributions on disk: a package and the metadata that pip would leave beside it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness import registry

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a plugin for the length of a test; returns the folder that is put on sys.path.

    The distribution `acme` holds one module or package, `acme_plugin`, with `source` in it. Other
    plugins of this environment are not there.
    """
    everything = registry._entry_points

    def here() -> list[EntryPoint]:
        return [one for one in everything() if _is_in(one, tmp_path)]

    monkeypatch.setattr(registry, "_entry_points", here)

    def write(
        source: str,
        *,
        distribution: str = "acme",
        version: str = "1.0",
        plugin: str = "acme-losses",
        package: str = "acme_plugin",
        target: str | None = None,
    ) -> Path:
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

    return write


def _is_in(entry: EntryPoint, folder: Path) -> bool:
    assert entry.dist is not None
    return Path(str(entry.dist.locate_file(""))).resolve().is_relative_to(folder.resolve())
