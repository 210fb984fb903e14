"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Format = Literal["table", "md", "csv", "json", "latex"]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write it.")]
StoreOption = Annotated[
    Path, typer.Option("--store", envvar="BENCH_STORE", help="Directory that keeps the records.")
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin", help="An uninstalled plugin file to load; may be repeated.", show_default=False
    ),
]
ProtocolOption = Annotated[
    str,
    typer.Option(
        "--protocol", envvar="BENCH_PROTOCOL", help="A published name or a .toml file's path."
    ),
]
DEFAULT_STORE = Path("bench-store")
DEFAULT_PROTOCOL = "reality-check-small"
