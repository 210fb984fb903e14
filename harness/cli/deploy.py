"""`bench deploy`: recorded runs as galleries at work."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from harness.cli.options import (
    BoardOptions,
    FormatOption,
    PluginOption,
    ProtocolFileOption,
    RecordedDataOptions,
    grouped,
)
from harness.cli.saying import doing, show, write


@grouped
def deploy(  # noqa: PLR0913 - one argument an option
    of: BoardOptions,
    own: RecordedDataOptions,
    *,
    variable: Annotated[
        str | None,
        typer.Option(
            help="The dataset's attribute that is known of a query; by default its only one."
        ),
    ] = None,
    newest: Annotated[
        int, typer.Option(help="Entries of a class that a managed gallery keeps (D).")
    ] = 20,
    clusters: Annotated[int, typer.Option(help="Cluster centres for each value (C).")] = 16,
    accept: Annotated[
        float, typer.Option(help="Share of the calibration samples within the threshold.")
    ] = 0.95,
    enrolled: Annotated[
        float, typer.Option(help="Share of the classes that the gallery knows.")
    ] = 0.7,
    protocol_file: ProtocolFileOption = None,
    plugin: PluginOption = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Put recorded runs to work as galleries, with a background variable known of each query.

    The arms are explained below the table; the page "Dependent variables" of the documentation
    defines them. Rates of false accepts and rejects are those at a threshold that neither the
    gallery nor the queries have chosen.
    """
    from harness.data.loading import recorded_dataset
    from harness.deployment.arms import DeploymentTerms
    from harness.deployment.loading import deploy as put_to_work
    from harness.deployment.loading import load_runs
    from harness.deployment.results import deployment_document, deployment_table
    from harness.registry import load_registry
    from harness.rescoring.rescore import RuleBook

    settings = DeploymentTerms(newest=newest, clusters=clusters, accept=accept, enrolled=enrolled)
    with doing("putting galleries to work"), of.open() as opened:
        store, runs = load_runs(opened, own.selecting(of.select, opened))
        found = put_to_work(
            store,
            runs,
            recorded_dataset(
                load_registry(plugin or ()),
                runs.board.dataset,
                runs.board.dataset_digest,
                own.brought,
            ),
            rules=RuleBook(protocol_file or ()),
            variable=variable,
            settings=settings,
        )
    if format == "json":
        document = deployment_document(found)
        write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False), nl=True)
    else:
        show(deployment_table(found), format)
