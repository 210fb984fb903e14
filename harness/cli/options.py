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
MethodsOption = Annotated[
    str, typer.Option("--methods", help="Names separated by commas, or 'all'.", show_default=False)
]
DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", help="By default the protocol's first.", show_default=False),
]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
WorkersOption = Annotated[
    str, typer.Option("--workers", help="Runs at a time, or 'auto': as many as fill the machine.")
]
ExecutorOption = Annotated[
    str, typer.Option("--executor", help="Where runs are executed, by name.")
]
ThreadsOption = Annotated[
    int,
    typer.Option(
        "--threads",
        help="Processor threads that train. With one, results are the same on any number of "
        "cores; larger backbones want more.",
        min=1,
    ),
]
WorkersPerGpuOption = Annotated[
    int, typer.Option("--workers-per-gpu", help="How many of the workers share a GPU.", min=1)
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", help="Of the cluster, for an executor that has one.", show_default=False
    ),
]
TimeLimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        help="What a run may take, as 90, 10m or 2h; then it is ended and recorded so.",
        show_default=False,
    ),
]
MemoryLimitOption = Annotated[
    str | None,
    typer.Option(
        "--memory-limit",
        help="Main memory that a worker may hold, as 512M or 4G; then its run is ended.",
        show_default=False,
    ),
]
LabelColumnOption = Annotated[
    str | None,
    typer.Option("--label-column", help="Which column has the labels.", show_default=False),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        help="Which columns are dimensions: names, numbers and ranges (d0-d63), or all.",
        show_default=False,
    ),
]
DropMissingOption = Annotated[
    bool, typer.Option("--drop-missing", help="Leave out samples without a label.")
]
TextLabelsOption = Annotated[
    bool, typer.Option("--text-labels", help="Labels are texts, even 0.5 or 1e3.")
]
HeaderOption = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether a text table's first line has names; by its looks without.",
        show_default=False,
    ),
]
StoredProtocolOption = Annotated[
    str | None,
    typer.Option(
        "--protocol", help="Name or digest; by default what was run last.", show_default=False
    ),
]
StoredDatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset", help="Name or digest; by default what was run last.", show_default=False
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="FACT=VALUE: the board, or its rows, of that trunk, version, distribution, "
        "dataset_digest...; may be repeated.",
        show_default=False,
    ),
]
SourceArgument = Annotated[
    Path | None,
    typer.Argument(
        help="A store, or a published leaderboard's file; by default --store.", show_default=False
    ),
]
ConcatenatedOption = Annotated[
    bool,
    typer.Option(
        "--concatenated/--separated",
        help="Score the joined embeddings of all folds, or each fold alone and average.",
    ),
]


def aggregate(*, concatenated: bool) -> Literal["concatenated", "separated"]:
    """Of ConcatenatedOption, in a board's words."""
    return "concatenated" if concatenated else "separated"


MetricOption = Annotated[
    str, typer.Option("--metric", help="What to compare by: a name or a title, such as MAP@R.")
]
DirectionOption = Annotated[
    bool | None,
    typer.Option(
        "--higher-is-better/--lower-is-better",
        help="Which way the metric is better, where old Records do not say.",
        show_default=False,
    ),
]
TextFormat = Literal["text", "json"]
TextFormatOption = Annotated[TextFormat, typer.Option("--format", help="How to write it.")]
