"""`bench variables`: what recorded embeddings hold of background variables."""

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
def variables(  # noqa: PLR0913 - one argument an option
    of: BoardOptions,
    own: RecordedDataOptions,
    *,
    variable: Annotated[
        list[str] | None,
        typer.Option(help="An attribute of the dataset, by default all; may be repeated."),
    ] = None,
    ordered: Annotated[
        list[str] | None,
        typer.Option(help="An attribute whose values are in order; numbers are without asking."),
    ] = None,
    permutations: Annotated[
        int, typer.Option(help="Controls with the values dealt out anew; 0: none.")
    ] = 99,
    samples: Annotated[int, typer.Option(help="Test samples that count, at most.")] = 4000,
    seed: Annotated[int, typer.Option(help="Of every draw.", min=0)] = 0,
    protocol_file: ProtocolFileOption = None,
    plugin: PluginOption = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Say how much of each background variable an embedding carries, and what each disturbs.

    Nothing is trained: it reads what runs left in a store. The measures are explained below the
    table; the page "Background variables" of the documentation defines them.
    """
    from harness.data.loading import recorded_dataset
    from harness.figures.sources import load_sources
    from harness.registry import load_registry
    from harness.rescoring.rescore import RuleBook
    from harness.variables import Wanted, saliency, saliency_document, saliency_table

    wanted = Wanted(
        variables=tuple(variable or ()),
        ordered=tuple(ordered or ()),
        permutations=permutations,
        samples=samples,
        seed=seed,
    )
    with doing("measuring the embeddings of the test part"), of.open() as source:
        runs = load_sources(source, select=own.selecting(of.select, source))
        data = recorded_dataset(
            load_registry(plugin or ()),
            runs.board.dataset,
            runs.board.dataset_digest,
            own.brought,
        )
        rules = RuleBook(protocol_file or ())
        found = saliency(source, runs, data, rules=rules, wanted=wanted)
    if format == "json":
        document = saliency_document(found)
        write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False), nl=True)
    else:
        show(saliency_table(found), format)
