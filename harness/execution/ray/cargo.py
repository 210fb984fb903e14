"""What reaches the nodes: the bench as bytes, files of plugins, and what all code must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.execution.crossing import pack, plugin_files

if TYPE_CHECKING:
    from harness.execution.executor import Work
    from harness.registry import Registry


@dataclass(frozen=True)
class Cargo:
    """What a worker needs, beside the dataset, to make the Bench that the session has.

    `bench`: by `pack`. `plugins`: name and content of the files given by `--plugin`, in order.
    `code`: which code every plugin is, by `code_of`. `device`: by name.
    """

    bench: bytes
    plugins: tuple[tuple[str, bytes], ...]
    code: Mapping[str, str]
    device: str
    threads: int

    def unload_plugins(self, folder: Path) -> list[Path]:
        """Write the files of plugins to a folder; their paths, in order."""
        paths = [folder / name for name, _ in self.plugins]
        for path, (_, content) in zip(paths, self.plugins, strict=True):
            path.write_bytes(content)
        return paths


def cargo_of(work: Work) -> Cargo:
    """Pack what the runs of a session share."""
    registry, device = work.bench.registry, work.bench.device
    return Cargo(
        bench=pack(work.bench),
        plugins=tuple((path.name, path.read_bytes()) for path in plugin_files(registry)),
        code=code_of(registry),
        # Which GPU a worker has is for Ray to say; it sees no other.
        device=device.type,
        threads=work.settings.threads,
    )


def code_of(registry: Registry) -> dict[str, str]:
    """Version and digest of the core's code and of every plugin's, by plugin."""
    return {
        f"{origin.distribution} ({origin.plugin})": f"{origin.version}, code {origin.source}"
        for origin in registry.origins.values()
    }


def require_same_code(here: Mapping[str, str], session: Mapping[str, str]) -> None:
    """Raise UserError naming the first plugin that is missing, too many, or of other code."""
    for name in [*session, *here]:
        mine, theirs = here.get(name, "none"), session.get(name, "none")
        if mine != theirs:
            raise UserError(
                f"{name} is {mine} there and {theirs} here; install the same on every node"
            )
