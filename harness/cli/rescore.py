"""`bench rescore` and `bench verify`: scores again from stored embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    PluginOption,
    ProtocolFileOption,
    RecordedDataOptions,
    StoreOption,
    grouped,
)
from harness.cli.saying import doing, say
from harness.errors import EXIT_DOES_NOT_HOLD, EXIT_NOT_COMPARABLE, UserError
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.rescoring.datasets import Datasets
    from harness.rescoring.verify import Checked


def rescore(
    path: Annotated[Path | None, typer.Argument(help="A store; by default --store.")] = None,
    *,
    store: StoreOption = DEFAULT_STORE,
    protocol_file: ProtocolFileOption = None,
    plugin: PluginOption = None,
) -> None:
    """Recompute every score from the stored embeddings under the current metric version."""
    from harness.registry import load_registry
    from harness.rescoring.rescore import RuleBook, rescore_store
    from harness.session import say_waiting
    from harness.store import Store

    metrics = [offer.item for offer in load_registry(plugin or ()).metrics.values()]
    changed = total = 0
    with Store.open(path or store) as opened:
        opened.require_writable()
        with opened.sole_writer(waiting=say_waiting):
            for result in rescore_store(opened, RuleBook(protocol_file or ()), metrics):
                total += 1
                if result.before.values != result.after.values:
                    changed += 1
                    was, now = result.before.values["map_at_r"], result.after.values["map_at_r"]
                    say(f"{result.what}: MAP@R {was:.6f} -> {now:.6f}")
    say(f"{total} sets of scores recomputed, {changed} changed")


@grouped
def verify(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A store, a leaderboard in JSON, published or not, or what `bench correct` wrote.",
        ),
    ] = None,
    *,
    store: StoreOption = DEFAULT_STORE,
    protocol_file: ProtocolFileOption = None,
    plugin: PluginOption = None,
    own: RecordedDataOptions,
) -> None:
    """Recompute every recorded number and report those that do not hold; exit code 1 if any.

    Test samples are compared with those of the dataset, where it is at hand. What could not be
    looked at is said; exit code 3 if that is all there is.
    """
    from harness.rescoring.datasets import Datasets

    datasets = Datasets(plugin or (), [] if own.brought is None else [own.brought.dataset])
    total = wrong = unseen = 0
    with doing(f"looking at every number of {path or store}"):
        for finding in _findings(path or store, protocol_file or [], datasets):
            if finding.unseen:
                unseen += 1
                say(f"{finding.what}: {finding.unseen}")
                continue
            total += 1
            if finding.problems:
                wrong += 1
                for problem in finding.problems:
                    say(f"{finding.what}: {problem}")
    say(f"{total} looked at, {total - wrong} hold, {wrong} do not")
    if wrong:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)
    if unseen and not total:
        raise typer.Exit(EXIT_NOT_COMPARABLE)


def _findings(path: Path, protocol_files: list[Path], datasets: Datasets) -> Iterator[Checked]:
    from harness.artifacts import read_json
    from harness.correcting.document import is_corrected, read_corrected
    from harness.rescoring.rescore import RuleBook
    from harness.rescoring.verify import verify_board, verify_publication, verify_store
    from harness.results.publication import is_publication

    if path.is_file():
        document = read_json(path)
        if not isinstance(document, dict):
            raise UserError(f"{path}: is not a leaderboard in JSON")
        if is_corrected(document):
            from harness.correcting.verify import verify_corrected

            found = read_corrected(path)
            yield from verify_corrected(document, found, RuleBook(protocol_files), datasets)
        elif is_publication(document):
            yield from verify_publication(document, str(path), RuleBook(protocol_files), datasets)
        else:
            yield from verify_board(document, str(path))
        return
    from harness.store import Store

    with Store.open(path) as opened:
        yield from verify_store(opened, RuleBook(protocol_files), datasets)
