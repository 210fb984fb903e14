"""`bench add-embeddings`: another system's embeddings as a row of a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import BoardOptions, ProtocolFileOption, RecordedDataOptions, grouped
from harness.cli.saying import say
from harness.errors import UserError


@grouped
def add_embeddings(
    name: Annotated[str, typer.Argument(help="What the row is called.")],
    file: Annotated[
        Path, typer.Argument(help="Embeddings of the test part, or of all the data, in its order.")
    ],
    of: BoardOptions,
    read: RecordedDataOptions,
    *,
    in_order: Annotated[
        bool, typer.Option("--in-order", help="Take a file without labels as it comes.")
    ] = False,
    protocol_file: ProtocolFileOption = None,
) -> None:
    """Put another system's embeddings of the same test part on a store's board, as one run.

    The row is marked as not trained here, is told apart from none, and is not published.
    """
    from harness.rescoring.adding import add_embeddings as put
    from harness.rescoring.rescore import RuleBook
    from harness.results import matching_scopes
    from harness.results.source import StoreSource
    from harness.store import Store

    if of.source is not None and of.source.is_file():
        raise UserError(f"{of.source}: embeddings are added to a store, not to a published file")
    with Store.open(of.source or of.store) as opened:
        source = StoreSource(opened)
        select = of.select if read.data is None else read.selecting(of.select, source)
        scope = matching_scopes(source.scopes(), select, where=source.name)[0]
        added = put(
            name,
            file,
            opened,
            scope,
            RuleBook(protocol_file or ()),
            reading=read.reading(),
            in_order=in_order,
        )
    scores = added.records[0].scores
    assert scores is not None
    told = "" if added.checked else "; that its rows are in the data's order was not checked"
    say(
        f"{name}: MAP@R {scores.values['map_at_r']:.3f} on {scope.protocol}, {scope.dataset}: one "
        f"run, not trained here{told}"
    )
