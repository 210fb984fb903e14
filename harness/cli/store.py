"""`bench forget` and `bench merge`: what a store holds, less or more."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import StoreOption
from harness.cli.saying import say
from harness.errors import UserError, counted, unknown
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from harness.store import Held, Store

_SHOWN = 5


def forget(
    what: Annotated[
        list[str],
        typer.Argument(help="Run ids or their beginnings (`bench list runs`), or methods' names."),
    ],
    *,
    store: StoreOption = DEFAULT_STORE,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take runs out of a store, with their arrays; the next `bench run` trains them again."""
    from harness.store import Store

    with Store.open(store) as opened:
        opened.require_writable()
        runs = {held.run_id: held for text in what for held in _meant(opened, text)}
        if not yes and len(runs) > len(what):
            _ask(list(runs.values()))
        with opened.sole_writer_if_free() as alone:
            if not alone:
                raise UserError(f"store {store}: a bench run writes to it: not now")
            opened.forget(list(runs))
    say(f"store {store}: forgot {len(runs)} {'run' if len(runs) == 1 else 'runs'}")


def _meant(store: Store, text: str) -> list[Held]:
    held = store.held()
    of_method = [one for one in held if one.method == text]
    if of_method:
        return of_method
    found = [one for one in held if one.run_id.startswith(text)]
    if len(found) == 1:
        return found
    if not found:
        raise unknown("method or run", text, {one.method for one in held}, where=str(store.path))
    store.find(text)  # says which they are
    return []


def _ask(runs: list[Held]) -> None:
    """Let a person who names many runs by one word see how many; UserError where nobody can."""
    listed = [f"  {one.run_id} {one.described}" for one in runs[:_SHOWN]]
    listed += [f"  and {len(runs) - _SHOWN} more"] if len(runs) > _SHOWN else []
    if not sys.stdin.isatty():
        raise UserError(f"{counted(len(runs), 'run')} would be forgotten; --yes does it")
    say("\n".join(listed), err=True)
    if not typer.confirm(f"forget {counted(len(runs), 'run')}?", err=True):
        raise UserError("nothing was forgotten")


def merge(
    sources: Annotated[
        list[Path], typer.Argument(help="Stores and published leaderboards to take runs from.")
    ],
    *,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Put the runs of several stores and published files into one store, made if it is not there.

    What that store holds already stays as it is.
    """
    from harness.results.merging import merge as merged
    from harness.results.source import open_source
    from harness.store import Store

    for source in sources:
        if not source.exists():
            raise UserError(f"{source}: there is no such store or file")
    with ExitStack() as stack:
        # Before a store is made that nothing would be in.
        read = [stack.enter_context(open_source(source)) for source in sources]
        opened = stack.enter_context(Store.open(store, create=True))
        opened.require_writable()
        with opened.sole_writer_if_free() as alone:
            if not alone:
                raise UserError(f"store {store}: a bench run writes to it: not now")
            for one in read:
                say(merged(one, opened).sentence)
        told = Counter((scope.protocol, scope.dataset) for scope in opened.scopes())
        for (protocol, dataset), boards in told.items():
            if boards > 1:
                say(
                    f"store {store}: {protocol} on {dataset} is {boards} boards: their runs differ "
                    "in the rules or the data (bench leaderboard names them)"
                )
