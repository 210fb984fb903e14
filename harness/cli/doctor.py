"""`bench doctor`: is a store sound, and what would mend it?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.saying import say
from harness.errors import EXIT_DOES_NOT_HOLD, UserError
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from harness.store import Store
    from harness.store.examination import Damage, Examination


_REMEDIES = {
    "forget-run": "forgets the run; the next `bench run` trains it again",
    "forget-concatenation": "forgets it; the next `bench run` joins the runs again",
    "remove-file": "removes it",
    "write-excerpts": "writes what is missing, from the records",
}


def doctor(
    store: Annotated[
        Path, typer.Argument(envvar="BENCH_STORE", help="The store to look at.")
    ] = DEFAULT_STORE,
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Do what is said of each finding.")
    ] = False,
) -> None:
    """Check a store: database, arrays, leftovers. Exit code 1 if anything that was stored is lost.

    Leftovers of a process that was ended harm nothing: the store is sound.
    """
    from harness.store import EmptyStore, Store

    if not Store.is_at(store):
        raise UserError(f"store {store}: there is no store")
    try:
        opened = Store.open(store)
    except EmptyStore as error:
        say(f"{error}: sound")
        return
    except UserError as error:
        say(f"{error}\nnothing here can mend it")
        raise typer.Exit(EXIT_DOES_NOT_HOLD) from None
    with opened, opened.sole_writer_if_free() as alone:
        if repair and not alone:
            raise UserError(f"store {store}: is read-only, or a bench run writes to it: not now")
        examination = opened.examine(alone=alone)
        for finding in examination.findings:
            say(_line(finding, repaired=repair))
        if repair:
            _repair(opened, examination)
            examination = opened.examine(alone=alone)
    say(_verdict(store, examination, alone=alone))
    if not examination.sound:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


def _line(finding: Damage, *, repaired: bool) -> str:
    kind = "damaged" if finding.damaged else "left over"
    if finding.remedy is None:
        return f"{kind}: {finding.what}"
    return f"{kind}: {finding.what}\n  --repair {_REMEDIES[finding.remedy]}{': done' * repaired}"


def _repair(store: Store, examination: Examination) -> None:
    for finding in examination.findings:
        store.repair(finding)


def _verdict(store: Path, examination: Examination, *, alone: bool) -> str:
    held = (
        f"{examination.records} records, {examination.artifacts} artifacts, "
        f"{examination.concatenations} concatenations"
    )
    lost = sum(finding.damaged for finding in examination.findings)
    verdict = f"{lost} damaged" if lost else "sound"
    unseen = "" if alone else "; leftover files were not looked for, as another process may write"
    return f"store {store}: {held}: {verdict}{unseen}"
