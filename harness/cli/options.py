"""Options that several commands share, alone or in groups that a command takes as one argument."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_type_hints

import typer

from harness.cli.saying import tell
from harness.errors import UserError, unknown
from harness.settings import DEFAULT_PROTOCOL, DEFAULT_STORE, OWN_DATA_PROTOCOL

if TYPE_CHECKING:
    from harness.benchmark import Benchmark
    from harness.data.own import Brought
    from harness.reading import Reading
    from harness.results import Selector
    from harness.results.board import Aggregate
    from harness.results.source import Source

Format = Literal["table", "md", "csv", "json", "latex"]


def format_option(allowed: Sequence[str], aliases: Mapping[str, str]) -> Any:
    """`--format`, which also takes other words for the same; UserError for anything else."""

    def read(text: str) -> str:
        name = aliases.get(text, text)
        if name not in allowed:
            raise unknown("format", text, allowed, where="--format")
        return name

    return typer.Option(
        "--format", help="How to write it.", parser=read, metavar=f"[{'|'.join(allowed)}]"
    )


FormatOption = Annotated[
    Format, format_option(get_args(Format), {"markdown": "md", "text": "table", "tex": "latex"})
]
StoreOption = Annotated[
    Path, typer.Option("--store", envvar="BENCH_STORE", help="Directory that keeps the records.")
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option("--plugin", help="An uninstalled plugin file to load; may be repeated."),
]
ProtocolFileOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--protocol-file",
        help="A protocol file of your own, besides the published ones; may be repeated.",
    ),
]
RanOption = Annotated[
    str | None, typer.Option(help="Name or digest; by default what was run last.")
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="FACT=VALUE: the board, or its rows, of that trunk, version, distribution, "
        "dataset_digest...; may be repeated.",
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


MetricOption = Annotated[str, typer.Option("--metric", help="A name or a title, such as MAP@R.")]
DirectionOption = Annotated[
    bool | None,
    typer.Option(
        "--higher-is-better/--lower-is-better",
        help="Which way the metric is better, where old Records do not say.",
    ),
]
DatasetOption = Annotated[str | None, typer.Option(help="By default the protocol's first.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Override a protocol value, as key.path=value: the protocol is then unlocked.",
    ),
]
WithOption = Annotated[
    list[str] | None,
    typer.Option("--with", help="Give a hyperparameter, as method.name=value; its row is marked."),
]
TextFormat = Literal["text", "json"]
TextFormatOption = Annotated[TextFormat, format_option(get_args(TextFormat), {"table": "text"})]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of its arguments that are groups of options."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {
        name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)
    }
    shown: list[inspect.Parameter] = []
    for name, own in inspect.signature(command).parameters.items():
        if name not in groups:
            shown.append(own.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        kinds = get_type_hints(groups[name], include_extras=True)
        for field in dataclasses.fields(groups[name]):
            one = inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY)
            if field.default is not dataclasses.MISSING:
                one = one.replace(default=field.default)
            shown.append(one.replace(annotation=kinds[field.name]))

    @functools.wraps(command)
    def ungrouped(**given: Any) -> None:
        for name, group in groups.items():
            names = [field.name for field in dataclasses.fields(group)]
            given[name] = group(**{own: given.pop(own) for own in names if own in given})
        command(**given)

    ungrouped.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    ungrouped.__annotations__ = {one.name: one.annotation for one in shown}
    return ungrouped


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoardOptions:
    """Which board: of a store or a published file, and of which of its runs."""

    source: Annotated[
        Path | None,
        typer.Argument(help="A store, or a published leaderboard's file; by default --store."),
    ] = None
    store: StoreOption = DEFAULT_STORE
    protocol: RanOption = None
    dataset: RanOption = None
    only: OnlyOption = None

    @property
    def select(self) -> Selector:
        """The board's Selector; UserError for a fact that there is not."""
        from harness.results import Selector

        return Selector.parse(protocol=self.protocol, dataset=self.dataset, only=self.only or ())

    def open(self) -> AbstractContextManager[Source]:
        """The store or the file, open."""
        from harness.results import open_source

        return open_source(self.source or self.store)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScoredBoardOptions(BoardOptions):
    """Which board, and which of its scores."""

    concatenated: ConcatenatedOption = False

    @property
    def aggregate(self) -> Aggregate:
        """Which scores, in a board's words."""
        return aggregate(concatenated=self.concatenated)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How files are read where they leave a doubt, as `Reading` has it."""

    label_column: Annotated[str | None, typer.Option(help="Which column has the labels.")] = None
    columns: Annotated[
        str | None,
        typer.Option(
            help="Which columns are dimensions: names, numbers and ranges (d0-d63), or all."
        ),
    ] = None
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Leave out samples without a label.")
    ] = False
    text_labels: Annotated[
        bool, typer.Option("--text-labels", help="Labels are texts, even 0.5 or 1e3.")
    ] = False
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Whether a text table's first line has names; by its looks without.",
        ),
    ] = None

    def reading(self) -> Reading:
        """The same for whoever reads."""
        from harness.reading.options import Reading

        known = Reading.__dataclass_fields__
        return Reading(**{name: value for name, value in vars(self).items() if name in known})

    def reading_of(self, data: object) -> Reading | None:
        """The same where there are `data`; else None, and UserError for an option of these."""
        if data is not None:
            return self.reading()
        for option, value in vars(self).items():
            if value != getattr(type(self), option):
                said = option.replace("_", "-")
                raise UserError(f"--{said}: says how --data is read, which is not given")
        return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class OwnDataOptions(ReadingOptions):
    """The same of data that may be images."""

    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out images that cannot be read.")
    ] = False
    size: Annotated[
        int | None,
        typer.Option(help="Side that image files are brought to; by default 64.", min=8),
    ] = None
    encoder: Annotated[
        str | None,
        typer.Option(help="What embeds texts: all-minilm-l6-v2 (usual), a folder or a .zip."),
    ] = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordedDataOptions(OwnDataOptions):
    """The data that recorded runs are of, where they are a person's own."""

    data: Annotated[
        Path | None,
        typer.Option(help="Your own data that the runs are of, as bench run --data took them."),
    ] = None

    @functools.cached_property
    def brought(self) -> Brought | None:
        """Where they are, and how they are read; None for data that a plugin or the core has."""
        reading = self.reading_of(self.data)
        if self.data is None or reading is None:
            return None
        from harness.data.own import Brought

        return Brought(self.data, reading)

    def selecting(self, select: Selector, source: Source) -> Selector:
        """The board of these data, of several of one name; NotComparable where there is none."""
        if self.brought is None:
            return select
        digest = self.brought.dataset.digest
        return select.of_data(f"--data {self.data}", digest, source)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchmarkOptions:
    """What is run, and how the machine is spent on it."""

    methods: Annotated[str, typer.Option(help="Names separated by commas, or 'all'.")]
    protocol: Annotated[
        str | None,
        typer.Option(
            envvar="BENCH_PROTOCOL",
            help=f"A published name or a .toml file's path; by default {DEFAULT_PROTOCOL}, and "
            f"{OWN_DATA_PROTOCOL} for own data.",
        ),
    ] = None
    dataset: DatasetOption = None
    device: DeviceOption = "auto"
    threads: Annotated[
        int,
        typer.Option(
            help="Processor threads that train. With one, results are the same on any number of "
            "cores; larger backbones want more.",
            min=1,
        ),
    ] = 1
    together: Annotated[
        int,
        typer.Option(
            help="Seeds and folds of a method that are trained together in one process; moves the "
            "last digits, and is marked.",
            min=1,
        ),
    ] = 1
    executor: Annotated[str, typer.Option(help="Where runs are executed, by name.")] = "local"
    workers: Annotated[
        str, typer.Option(help="Runs at a time, or 'auto': as many as fill the machine.")
    ] = "auto"
    workers_per_gpu: Annotated[
        int, typer.Option(help="How many of the workers share a GPU.", min=1)
    ] = 1
    address: Annotated[
        str | None,
        typer.Option(help="Of the cluster, for an executor that has one."),
    ] = None
    time_limit: Annotated[
        str | None,
        typer.Option(
            help="What a run may take, as 90, 10min or 2h; then it is ended and recorded so."
        ),
    ] = None
    memory_limit: Annotated[
        str | None,
        typer.Option(
            help="Main memory that a worker may hold, as 512M or 4GB; then its run is ended."
        ),
    ] = None
    sandbox: Annotated[
        bool | None,
        typer.Option(
            "--sandbox/--no-sandbox",
            help="Whether code of plugins may open only its own files and reach nobody; by default "
            "where the system has it and runs are trained on the processor.",
        ),
    ] = None
    plugin: PluginOption = None
    store: StoreOption = DEFAULT_STORE

    def benchmark(self, **more: Any) -> Benchmark:
        """The Benchmark of these options and `more`; what it notes is said on standard error."""
        from harness.benchmark import Benchmark
        from harness.settings import Settings

        read = inspect.signature(Settings.read).parameters
        made = Benchmark(
            protocol=self.protocol,
            methods=self.methods,
            dataset=self.dataset,
            plugins=self.plugin or (),
            device=self.device,
            executor=self.executor,
            settings=Settings.read(**{name: getattr(self, name) for name in read}),
            **more,
        )
        for note in made.notes:
            tell(note, err=True)
        return made
