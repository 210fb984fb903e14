"""`bench export`: the trained embedder of a run as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import (
    PluginOption,
    ProtocolFileOption,
    RecordedDataOptions,
    StoreOption,
    grouped,
)
from harness.cli.saying import doing, say
from harness.errors import NotComparable
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from harness.data.own import Brought
    from harness.embedder.recipe import Recipe
    from harness.record import Record
    from harness.store import Store

TOLERANCE = 0.02


@grouped
def export(  # noqa: PLR0913 - one argument an option
    run_id: Annotated[
        str, typer.Argument(help="The run's id, or its beginning; `bench list runs`.")
    ],
    own: RecordedDataOptions,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The file; by default METHOD-RUN.safetensors."
        ),
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option(
            help="Write a torch.export program (.pt2) of it too, which needs nothing but torch."
        ),
    ] = None,
    card: Annotated[
        bool,
        typer.Option(
            "--card", help="Write a Hugging Face model card and its scores beside the file too."
        ),
    ] = False,
    store: StoreOption = DEFAULT_STORE,
    plugin: PluginOption = None,
    protocol_file: ProtocolFileOption = None,
) -> None:  # fmt: skip
    """Write the trained embedder of a run, with its preprocessing, as safetensors.

    A run of `bench run --keep-weights` has it. Another is trained again, and must come out as it
    is recorded. `harness.load_embedder(FILE)` is a function from images to embeddings.
    """
    from harness.errors import UserError
    from harness.store import Store

    for path, ending in ((output, ".safetensors"), (graph, ".pt2")):
        if path is not None and path.suffix != ending:
            raise UserError(f"{path}: the file of an embedder ends in {ending}")
        if path is not None and not path.parent.is_dir():  # known before anything is trained
            raise UserError(f"{path}: there is no folder {path.parent}")
    with Store.open(store) as opened:
        record = opened.require(run_id)
        if record.scores is None:
            raise UserError(f"run {record.run_id}: {record.state}: there is no trained embedder")
        path = output or Path(f"{record.identity.method}-{record.run_id[:8]}.safetensors")
        if card:
            from harness.embedder.card import require_place

            require_place(path)

        from harness.embedder.embedder import embedder_of
        from harness.embedder.files import write_embedder
        from harness.embedder.keeping import kept_in

        found = kept_in(opened.arrays(record), f"run {record.run_id}")
        if found is None:
            found = _again(record, opened, plugin or (), protocol_file or (), own.brought)
    recipe, tensors = found
    embedder = embedder_of(recipe, tensors, plugins=plugin or (), where=f"run {record.run_id}")
    write_embedder(path, recipe, tensors)
    shape = "x".join(map(str, recipe.inputs))
    say(f"{path}: {recipe.method} on {recipe.dataset}, {shape} to embeddings")
    if card:
        from harness.embedder.card import write_card

        readme, results = write_card(path, recipe, record)
        say(f"{readme}: a model card; {results}: its scores, a row a metric")
    if graph is not None:
        from harness.embedder.graph import write_graph

        with doing("tracing the network"):
            write_graph(embedder, graph)
        say(f"{graph}: the same as a torch.export program")
    say(f"harness.load_embedder({str(path)!r}) loads it; bench embed {path} DATA uses it")


def _again(
    record: Record,
    store: Store,
    plugin: Sequence[Path],
    protocol_file: Sequence[Path],
    own: Brought | None,
) -> tuple[Recipe, dict[str, npt.NDArray[Any]]]:
    """The embedder of a run that kept none: it is trained again."""
    from harness.embedder.keeping import kept_in, require_alone
    from harness.execution.reproducing import embedder_again
    from harness.registry import load_registry
    from harness.rescoring.rescore import RuleBook

    protocol = RuleBook(protocol_file).protocol(record.identity)
    require_alone(protocol)
    say(f"run {record.run_id} kept no weights: it is trained again", err=True)
    arrays, result = embedder_again(record, store, load_registry(plugin), protocol, own=own)
    if not result.holds(TOLERANCE):
        raise NotComparable(
            f"run {record.run_id}: is not reproduced here: {', '.join(result.differing)} differ "
            "(bench reproduce has more)"
        )
    same = "the same, bit for bit" if not result.differing else f"within {TOLERANCE:g}"
    say(f"run {record.run_id}: {same}", err=True)
    found = kept_in(arrays, f"run {record.run_id}")
    assert found is not None
    return found
