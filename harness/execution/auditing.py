"""Re-training as evidence: runs of a board drawn at random, trained again alone and fresh."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.execution.reproducing import Reproduction, compared, stored_embeddings, train_again
from harness.record import Record
from harness.registry import Origin, Registry, load_registry
from harness.registry.asking import ask
from harness.results.key import by_method

if TYPE_CHECKING:
    from harness.data.own import Brought
    from harness.protocol import Protocol
    from harness.rescoring import RuleBook
    from harness.store import Store

_TASK = "harness.execution.auditing:in_a_child"


@dataclass(frozen=True)
class Audited:
    """A run that was drawn, and what came of training it again, or why it could not be."""

    record: Record
    result: Reproduction | None
    reason: str = ""

    def holds(self, tolerance: float) -> bool:
        """Whether it was trained again and came out the same."""
        return self.result is not None and self.result.holds(tolerance)


def draw_runs(
    records: Iterable[Record], *, share: float | None = None, draw: random.Random | None = None
) -> list[Record]:
    """One scored run of each row, or that share of each row's runs and at least one.

    `draw`: by default the system's own randomness, which nobody can know before.
    """
    chooser = draw or random.SystemRandom()
    rows = by_method(record for record in records if record.state == "done")
    chosen = []
    for runs in rows.values():
        count = 1 if share is None else max(1, math.ceil(share * len(runs)))
        chosen += chooser.sample(runs, count)
    return chosen


def audit(
    records: Sequence[Record],
    store: Store,
    registry: Registry,
    rules: RuleBook,
    *,
    plugin_files: Sequence[Path] = (),
    own: Brought | None = None,
) -> Iterator[Audited]:
    """Train runs again, each in a process that was not there before; the store stays as it is.

    `own`: the person's data that the runs are of.
    """
    for record in records:
        try:
            yield Audited(record, _again(record, store, registry, rules, plugin_files, own))
        except UserError as error:
            yield Audited(record, None, str(error))


def _again(
    record: Record,
    store: Store,
    registry: Registry,
    rules: RuleBook,
    plugin_files: Sequence[Path],
    own: Brought | None,
) -> Reproduction:
    protocol = rules.protocol(record.identity)
    origin = registry.method(record.identity.method).origin
    files = tuple(path.absolute() for path in plugin_files)
    if own is not None:
        own = replace(own, path=own.path.absolute())
    said = ask(origin, _TASK, record=record, protocol=protocol, plugin_files=files, own=own)
    now = Record.model_validate(said["record"])
    return compared(record, stored_embeddings(store, record), now, said["embeddings"])


def in_a_child(
    origin: Origin,  # noqa: ARG001 - what a task is called with
    *,
    record: Record,
    protocol: Protocol,
    plugin_files: Sequence[Path],
    own: Brought | None,
) -> dict[str, Any]:
    """In the child, which knows the Record and not the store: train it again."""
    now, embeddings = train_again(record, load_registry(plugin_files), protocol, own=own)
    return {"record": now.model_dump(mode="json"), "embeddings": embeddings}
