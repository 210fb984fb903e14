"""`bench correct`: texts and clusters that a simulated user corrects, turn by turn."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import FormatOption, PluginOption
from harness.errors import EXIT_RUNS_FAILED


def correct(  # noqa: PLR0913 - one argument an option
    *,
    methods: Annotated[
        str, typer.Option(help="Names separated by commas, or 'all'.", show_default=False)
    ],
    protocol: Annotated[
        str, typer.Option(help="By whose rules heads are trained: a name or a .toml file's path.")
    ] = "frozen-text",
    dataset: Annotated[
        str | None, typer.Option(help="By default the protocol's first.", show_default=False)
    ] = None,
    turns: Annotated[int, typer.Option(help="How often the user looks.")] = 4,
    clusters: Annotated[int, typer.Option(help="Clusters looked at in a turn.")] = 5,
    members: Annotated[int, typer.Option(help="Members of each that are looked at.")] = 40,
    rule: Annotated[
        str, typer.Option(help="Which clusters: largest, least-pure or random.")
    ] = "largest",
    withheld: Annotated[
        float, typer.Option(help="Share of the classes that the user does not know.")
    ] = 0.25,
    adaptive: Annotated[
        bool, typer.Option("--adaptive", help="Show each method's own clusters.")
    ] = False,
    seeds: Annotated[int, typer.Option(help="How many users.", min=1)] = 3,
    metric: Annotated[
        str, typer.Option(help="What the table shows: ami, nmi, ari, pairwise_f1 or map_at_r.")
    ] = "ami",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override a protocol value, as key.path=value."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", help="Give a hyperparameter, as method.name=value."),
    ] = None,
    plugin: PluginOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write everything as JSON there too, after each seed.", show_default=False
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="Draw the curves: a .pdf, .svg or .png.", show_default=False),
    ] = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Cluster texts, let a user correct some, learn from that, and cluster again.

    docs/user-corrected.md defines it. Scores are of texts that were never corrected.
    """
    from harness.benchmark import Benchmark
    from harness.cli.report import write_output
    from harness.correcting import METRICS, Terms, correcting_document, correcting_table
    from harness.correcting import correct as go_through
    from harness.correcting.curves import draw_curves
    from harness.errors import UserError, unknown
    from harness.execution.executor import Bench
    from harness.execution.machine import choose_device, set_threads
    from harness.figures.drawing import FORMATS, as_file
    from harness.table import render

    if metric not in METRICS:
        raise unknown("metric", metric, METRICS)
    form = "" if figure is None else figure.suffix.removeprefix(".").lower()
    if figure is not None and form not in FORMATS:
        raise unknown("format", form, FORMATS, where=f"--figure {figure}")
    if out is not None and not out.absolute().parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}")
    terms = Terms(turns=turns, clusters=clusters, members=members, rule=rule, withheld=withheld,
                  adaptive=adaptive)  # fmt: skip
    logging.getLogger("harness.correcting").setLevel(logging.INFO)
    asked = Benchmark(
        protocol=protocol,
        methods=methods,
        dataset=dataset,
        overrides=set_ or (),
        hyperparameters=with_ or (),
        plugins=plugin or (),
        device=device,
    )
    for note in asked.notes:
        typer.echo(note, err=True)
    set_threads(1)
    bench = Bench(asked.registry, asked.protocol, asked.dataset, choose_device(device))
    for found in go_through(bench, asked.entrants, terms, seeds=seeds):
        document = json.dumps(correcting_document(found), indent=2, allow_nan=False)
        if out is not None:  # what is done stays, whatever ends the rest
            write_output(out, f"{document}\n".encode())
    if figure is not None:
        write_output(figure, as_file(draw_curves(found, metric), form))
    if format == "json":
        typer.echo(document)
    else:
        typer.echo(render(correcting_table(found, metric), format), nl=False)
    if any(course.reason for course in found.courses):
        raise typer.Exit(EXIT_RUNS_FAILED)
