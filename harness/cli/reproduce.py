"""`bench reproduce`: train a recorded run again and compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
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
    from harness.execution.reproducing import Reproduction


@grouped
def reproduce(  # noqa: PLR0913 - one argument an option
    run_id: Annotated[
        str, typer.Argument(help="The run's id, or its beginning; `bench list runs`.")
    ],
    own: RecordedDataOptions,
    *,
    store: StoreOption = DEFAULT_STORE,
    plugin: PluginOption = None,
    protocol_file: ProtocolFileOption = None,
    device: Annotated[str | None, typer.Option(help="By default the one it ran on.")] = None,
    tolerance: Annotated[
        float,
        typer.Option(help="How far a score may be off where the environment differs.", min=0.0),
    ] = 0.02,
) -> None:
    """Train a recorded run again and compare it bit for bit; exit code 1 if it is not reproduced.

    Where facts of the environment differ, they are named, and scores may be off by --tolerance.
    """
    from harness.execution.reproducing import reproduce as again
    from harness.registry import load_registry
    from harness.rescoring.rescore import RuleBook
    from harness.store import Store

    registry = load_registry(plugin or ())
    with Store.open(store) as opened:
        record = opened.require(run_id)
        protocol = RuleBook(protocol_file or ()).protocol(record.identity)
        result = again(record, opened, registry, protocol, device=device, own=own.brought)
    _print(result, tolerance)
    if not result.holds(tolerance):
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


def _print(result: Reproduction, tolerance: float) -> None:
    for name, (before, after) in result.facts.items():
        say(f"{name}: was {before}, is {after}")
    if not result.differing:
        held = "" if result.same_embeddings is None else ", embeddings included"
        say(f"run {result.then.run_id}: the same, bit for bit{held}")
        return
    for name, change in result.differences.items():
        say(f"{name}: {change:+.6f}")
    say(f"differs: {', '.join(result.differing)}")
    if not result.facts:
        verdict = "NOT reproduced, though no known fact of the environment differs"
    elif result.holds(tolerance):
        verdict = f"reproduced within {tolerance:g}, in another environment"
    else:
        verdict = f"NOT reproduced within {tolerance:g}, in another environment"
    say(f"run {result.then.run_id}: {verdict}")
