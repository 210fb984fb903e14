"""Where the published protocols are: in a wheel or in a checkout, found by one function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError, nearest
from harness.protocol.model import Protocol
from harness.protocol.parse import read_protocol


def protocols_folder() -> Path:
    """The folder of published protocol files."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_protocols", package.parent / "protocols"):
        if folder.is_dir():
            return folder
    raise UserError(f"no protocols beside {package}: the installation is incomplete")


def published_names() -> list[str]:
    """Names of the published protocols, sorted."""
    return sorted(path.stem for path in protocols_folder().glob("*.toml"))


def load_protocol(
    name: str, *, dataset: str | None = None, overrides: Sequence[str] = ()
) -> Protocol:
    """Load a published protocol by name, or any protocol file by its path."""
    return read_protocol(protocol_path(name), dataset=dataset, overrides=overrides)


def protocol_path(name: str) -> Path:
    """The file of a published protocol by its name, or of any by its path."""
    if name.endswith(".toml"):
        return Path(name)
    names = published_names()
    if name not in names:
        raise UserError(
            f"unknown protocol '{name}'{nearest(name, names)} "
            f"(published: {', '.join(names)}; or the path of a .toml file)"
        )
    return protocols_folder() / f"{name}.toml"
