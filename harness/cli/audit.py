"""`bench audit`: train runs of a board again and compare them bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from harness.errors import EXIT_DOES_NOT_HOLD
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.data.own import Brought
    from harness.record import Record
    from harness.rescoring.rescore import RuleBook
    from harness.store import Store

TOLERANCE = 0.02


@grouped
def audit(  # noqa: PLR0913 - one argument an option
    own: RecordedDataOptions,
    *,
    store: StoreOption = DEFAULT_STORE,
    protocol: Annotated[
        str | None,
        typer.Option(help="Name or digest; needed if the store holds several."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Needed if the store holds several.")] = None,
    only: OnlyOption = None,
    share: Annotated[
        float | None,
        typer.Option(help="Which part of each row's runs; by default one run.", min=0.0, max=1.0),
    ] = None,
    plugin: PluginOption = None,
    protocol_file: ProtocolFileOption = None,
    tolerance: Annotated[
        float,
        typer.Option(help="How far a score may be off where the environment differs.", min=0.0),
    ] = TOLERANCE,
) -> None:
    """Train a run of each method again, drawn at random, alone and fresh, and compare bit for bit.

    Exit code 1 if one does not come out as recorded, or cannot be trained again here.
    """
    from harness.rescoring.rescore import RuleBook
    from harness.results import Selector
    from harness.results.publishing import records_of_board
    from harness.results.source import StoreSource
    from harness.store import Store

    select = Selector.parse(protocol=protocol, dataset=dataset, only=only or ())
    with Store.open(store) as opened:
        select = own.selecting(select, StoreSource(opened))
        records = records_of_board(opened, select)
        rules = RuleBook(protocol_file or ())
        found = audited(opened, records, rules, plugin or (), share, tolerance, own=own.brought)
    say(
        f"{len(found.held)} came out as recorded, {found.differing} did not, "
        f"{found.untried} could not be trained again"
    )
    if found.differing or found.untried:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


@dataclass(frozen=True)
class AuditTally:
    """Ids of the runs that came out as recorded; how many did not, and how many were not tried."""

    held: list[str]
    differing: int
    untried: int


def audited(  # noqa: PLR0913 - runs, and what they are trained again with
    store: Store,
    records: Sequence[Record],
    rules: RuleBook,
    plugin_files: Sequence[Path] = (),
    share: float | None = None,
    tolerance: float = TOLERANCE,
    *,
    own: Brought | None = None,
) -> AuditTally:
    """Audit a board, a line for each run."""
    from harness.execution.auditing import audit as train_again
    from harness.execution.auditing import draw_runs
    from harness.registry import load_registry

    drawn = draw_runs(records, share=share)
    registry = load_registry(plugin_files)
    held: list[str] = []
    untried = 0
    for one in train_again(drawn, store, registry, rules, own=own):
        identity = one.record.identity
        place = f"seed {identity.seed}, fold {identity.fold} ({one.record.run_id})"
        if one.holds(tolerance):
            held.append(one.record.run_id)
        untried += one.result is None
        if one.result is None:
            said = f"NOT trained again: {one.reason}"
        elif not one.result.differing:
            said = "the same, bit for bit"
        else:
            near = f"within {tolerance:g} in another environment" if one.holds(tolerance) else ""
            said = near or f"NOT the same: {', '.join(one.result.differing)} differ"
        say(f"{identity.method}, {place}: {said}")
    return AuditTally(held, len(drawn) - len(held) - untried, untried)
