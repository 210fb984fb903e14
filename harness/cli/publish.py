"""`bench publish`: record a store's leaderboard in results/, to be compared with for good."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import OnlyOption, StoreOption
from harness.settings import DEFAULT_STORE

DEFAULT_RESULTS = Path("results")


def publish(
    *,
    store: StoreOption = DEFAULT_STORE,
    protocol: Annotated[
        str | None,
        typer.Option(help="Name or digest; needed if the store holds several.", show_default=False),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Name or digest; needed if the store holds several.", show_default=False),
    ] = None,
    only: OnlyOption = None,
    results: Annotated[
        Path, typer.Option(help="Folder to write PROTOCOL/DATASET.json in.")
    ] = DEFAULT_RESULTS,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Write over a file whose runs the store does not hold."),
    ] = False,
) -> None:
    """Write results/PROTOCOL/DATASET.json: every run's scores, with sums by test class."""
    from harness.results import Selector
    from harness.results.key import method_key
    from harness.results.publishing import build_publication, results_path, write_publication
    from harness.store import Store

    select = Selector.parse(protocol=protocol, dataset=dataset, only=only or ())
    with Store.open(store) as opened:
        published = build_publication(opened, select=select)
    publication = published.publication
    path = results_path(results, publication)
    changed = write_publication(publication, path, replace=replace)
    for note in published.notes:
        typer.echo(f"bench: {note}", err=True)
    runs = [run for method in publication.methods for run in method.runs]
    done = sum(run.state == "done" for run in runs)
    rows = len({method_key(record) for record in publication.records()})
    asked = publication.folds * publication.replicates * rows
    typer.echo(
        f"{'wrote' if changed else 'unchanged:'} {path}: {rows} methods, "
        f"{done} of {asked} runs done, {path.stat().st_size:,} bytes"
    )
