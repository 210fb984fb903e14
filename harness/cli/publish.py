"""`bench publish`: record a store's leaderboard in results/, to be compared with for good."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    OnlyOption,
    PluginOption,
    ProtocolFileOption,
    RecordedDataOptions,
    StoreOption,
    grouped,
)
from harness.cli.saying import say
from harness.errors import NotComparable, counted
from harness.settings import DEFAULT_STORE

DEFAULT_RESULTS = Path("results")


@grouped
def publish(  # noqa: PLR0913 - one argument an option
    own: RecordedDataOptions,
    *,
    store: StoreOption = DEFAULT_STORE,
    protocol: Annotated[
        str | None,
        typer.Option(help="Name or digest; needed if the store holds several."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Name or digest; needed if the store holds several."),
    ] = None,
    only: OnlyOption = None,
    results: Annotated[
        Path, typer.Option(help="Folder to write PROTOCOL/DATASET.json in.")
    ] = DEFAULT_RESULTS,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Write over a file whose runs the store does not hold."),
    ] = False,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit/--no-audit",
            help="Train a run of each method again first, as `bench audit` does.",
        ),
    ] = True,
    plugin: PluginOption = None,
    protocol_file: ProtocolFileOption = None,
) -> None:
    """Write results/PROTOCOL/DATASET.json: every run's scores, with sums by test class.

    A run of each method is trained again before, and nothing is written if one comes out otherwise.
    The file says which runs came out the same; one that cannot be trained here is not among them.
    """
    from harness.cli.audit import audited
    from harness.rescoring.rescore import RuleBook
    from harness.results import Selector
    from harness.results.key import by_method
    from harness.results.publishing import (
        build_publication,
        records_of_board,
        results_path,
        write_publication,
    )
    from harness.results.source import StoreSource
    from harness.store import Store

    select = Selector.parse(protocol=protocol, dataset=dataset, only=only or ())
    with Store.open(store) as opened:
        select = own.selecting(select, StoreSource(opened))
        held: list[str] = []
        if audit:
            records = records_of_board(opened, select)
            found = audited(
                opened, records, RuleBook(protocol_file or ()), plugin or (), own=own.brought
            )
            held = found.held
            if found.differing:
                raise NotComparable(
                    f"{found.differing} runs did not come out as recorded: nothing is written "
                    "(--no-audit publishes all the same, and the file says so)"
                )
            if found.untried:
                say(
                    f"bench: {found.untried} runs could not be trained again here; the file names "
                    f"the {len(held)} that were",
                    err=True,
                )
        published = build_publication(opened, select=select, audited=sorted(held))
    publication = published.publication
    path = results_path(results, publication)
    changed = write_publication(publication, path, replace=replace)
    for note in published.notes:
        say(f"bench: {note}", err=True)
    runs = [run for method in publication.methods for run in method.runs]
    done = sum(run.state == "done" for run in runs)
    rows = len(by_method(publication.records()))
    asked = publication.folds * publication.replicates * rows
    say(
        f"{'wrote' if changed else 'unchanged:'} {path}: {counted(rows, 'method')}, "
        f"{done} of {asked} runs done, {path.stat().st_size:,} bytes"
    )
