"""`bench correct`: texts and clusters that a simulated user corrects, turn by turn."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import (
    DatasetOption,
    DeviceOption,
    FormatOption,
    OwnDataOptions,
    PluginOption,
    SetOption,
    WithOption,
    grouped,
)
from harness.cli.saying import doing, show, tell, write
from harness.errors import EXIT_RUNS_FAILED

if TYPE_CHECKING:
    from harness.benchmark import Benchmark
    from harness.correcting import Corrected


@grouped
def correct(  # noqa: C901, PLR0912, PLR0913 - one argument an option
    own: OwnDataOptions,
    *,
    methods: Annotated[
        str | None, typer.Option(help="Names separated by commas, or 'all'.")
    ] = None,
    read: Annotated[
        Path | None,
        typer.Option(help="Show what --out wrote, and train nothing."),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="The user, and how heads are trained: a name or a .toml's path.")
    ] = "user-corrected",
    dataset: DatasetOption = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Your own: a table of texts and their classes, or of vectors."),
    ] = None,
    turns: Annotated[int | None, typer.Option(help="How often the user looks.")] = None,
    clusters: Annotated[int | None, typer.Option(help="Clusters looked at in a turn.")] = None,
    members: Annotated[int | None, typer.Option(help="Members of each that are looked at.")] = None,
    rule: Annotated[
        str | None,
        typer.Option(help="Which clusters: largest, least-pure or random."),
    ] = None,
    withheld: Annotated[
        float | None,
        typer.Option(help="Share of the classes that the user does not know."),
    ] = None,
    adaptive: Annotated[
        bool, typer.Option("--adaptive", help="Show each method's own clusters.")
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(help="How many users; by default the protocol's."),
    ] = None,
    metric: Annotated[
        str, typer.Option(help="What the table shows: ami, nmi, ari, pairwise_f1 or map_at_r.")
    ] = "ami",
    device: DeviceOption = "auto",
    set_: SetOption = None,
    with_: WithOption = None,
    plugin: PluginOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write everything as JSON there too, as it comes; go on with what it holds."
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw the curves: a .pdf, .svg or .png."),
    ] = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Cluster texts, let a user correct some, learn from that, and cluster again.

    Scores are of texts that were never corrected. What the user does is the protocol's (`bench
    show user-corrected`); other values make it unlocked. The page "Texts and clusters that users
    correct" of the documentation defines it.
    """
    from harness.benchmark import Benchmark
    from harness.cli.report import write_output
    from harness.correcting import METRICS, correcting_table, read_corrected
    from harness.correcting.curves import draw_curves
    from harness.correcting.experiment import require_protocol, terms_of
    from harness.errors import UserError, unknown
    from harness.figures.drawing import FORMATS, as_file
    from harness.protocol import load_protocol

    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    form = "" if figure is None else figure.suffix.removeprefix(".").lower()
    if figure is not None and form not in FORMATS:
        raise unknown("format", form, FORMATS, where=f"--figure {figure}")
    if out is not None and not out.absolute().parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}")
    if (methods is None) == (read is None):
        raise UserError("give --methods, or --read FILE for what was written, and not both")
    if read is not None:
        found = read_corrected(read)
    else:
        terms_of(load_protocol(protocol, dataset=dataset))
        user = {"turns": turns, "clusters": clusters, "members": members, "rule": rule,
                "withheld": withheld, "adaptive": adaptive or None}  # fmt: skip
        overrides = _overrides(user)
        _require_allowed(protocol, dataset, overrides)
        logging.getLogger("harness.correcting").setLevel(logging.INFO)
        asked = Benchmark(
            protocol=protocol,
            methods=methods or "",
            dataset=dataset,
            data=data,
            reading=own.reading_of(data),
            overrides=[*overrides.values(), *(set_ or ())],
            seeds=seeds,
            hyperparameters=with_ or (),
            plugins=plugin or (),
            device=device,
        )
        for note in asked.notes:
            tell(note, err=True)
        held = read_corrected(out) if out is not None and out.exists() else None
        if held is not None:
            require_protocol(held, asked.protocol)
        for found in _gone_through(asked, device, held):
            if out is not None:  # what is done stays, whatever ends the rest
                write_output(out, f"{_text(found)}\n".encode())
    if figure is not None:
        write_output(figure, as_file(draw_curves(found, metric), form))
    if format == "json":
        write(_text(found), nl=True)
    else:
        show(correcting_table(found, metric), format)
    if read is None and any(course.reason for course in found.courses):
        raise typer.Exit(EXIT_RUNS_FAILED)


def _overrides(user: Mapping[str, Any]) -> dict[str, str]:
    """What is given of the user in place of the protocol's, by option."""
    given = {name: value for name, value in user.items() if value is not None}
    return {name: f"correcting.{name}={json.dumps(value)}" for name, value in given.items()}


def _require_allowed(protocol: str, dataset: str | None, overrides: Mapping[str, str]) -> None:
    """UserError for a value that the protocol cannot have, by the option that gave it."""
    from harness.errors import UserError
    from harness.protocol import load_protocol

    for name, override in overrides.items():
        try:
            load_protocol(protocol, dataset=dataset, overrides=[override])
        except UserError as error:
            said = str(error).removeprefix(f"--set {override}: correcting.{name}: ")
            raise UserError(f"--{name}: {said}") from None


def _gone_through(asked: Benchmark, device: str, held: Corrected | None) -> Iterator[Corrected]:
    from harness.correcting import correct as go_through
    from harness.execution.executor import Bench
    from harness.execution.machine import choose_device, set_threads

    set_threads(1)
    entrants, chosen = asked.entrants, choose_device(device)  # what is wrong is said before loading
    with doing(f"reading {asked.protocol.dataset}"):
        dataset = asked.dataset
    bench = Bench(asked.registry, asked.protocol, dataset, chosen)
    return go_through(bench, entrants, seeds=asked.seeds, held=held)


def _text(found: Corrected) -> str:
    from harness.correcting import correcting_document

    return json.dumps(correcting_document(found), indent=2, allow_nan=False)
