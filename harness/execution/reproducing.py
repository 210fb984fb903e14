"""A recorded run, trained again: is it the same, bit for bit, and what was different around it?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.artifacts import Arrays, RunArray
from harness.data.dataset import Dataset
from harness.data.loading import recorded_dataset
from harness.data.own import Brought
from harness.errors import NotComparable, UserError
from harness.execution.executor import Bench, Finished, Work, execute_inline
from harness.execution.machine import choose_device, set_threads
from harness.execution.plan import Entrant, PlannedRun, trunk_code
from harness.protocol import Protocol
from harness.record import ELSEWHERE, SANDBOX, Identity, Record, Scores
from harness.registry import Registry
from harness.store import Store
from harness.training import TRAINING_SEMANTICS


@dataclass(frozen=True)
class Reproduction:
    """A Record as it is stored and as it came out now.

    `same_embeddings`: whether the test embeddings agree bit for bit; None where none are stored.
    """

    then: Record
    now: Record
    same_embeddings: bool | None

    @property
    def facts(self) -> dict[str, tuple[str, str]]:
        """The facts of the environment that differ and may move bits: what each was, and is."""
        before, after = self.then.environment, self.now.environment
        return {
            name: (before.get(name, "not recorded"), after.get(name, "none"))
            for name in sorted(before.keys() | after.keys())
            if name != SANDBOX and before.get(name) != after.get(name)
        }

    @property
    def differing(self) -> list[str]:
        """What is not the same, bit for bit, of everything that time and place do not decide."""
        parts = ["state", "init_digest", "batches_digest", "selected", "validation"]
        if self.then.test_digest is not None:  # earlier Records have none
            parts.append("test_digest")
        found = [part for part in parts if getattr(self.then, part) != getattr(self.now, part)]
        found += _scores_differing(self.then.scores, self.now.scores)
        return [*found, "embeddings"] if self.same_embeddings is False else found

    @property
    def differences(self) -> dict[str, float]:
        """How far each score moved, of those that both have."""
        before, after = _values(self.then), _values(self.now)
        return {name: after[name] - before[name] for name in before if name in after}

    def holds(self, tolerance: float) -> bool:
        """Whether it is the same, or, where the environment differs, near enough in every score."""
        if not self.differing:
            return True
        near = all(abs(change) <= tolerance for change in self.differences.values())
        comparable = self.then.state == self.now.state and bool(self.differences)
        return bool(self.facts) and comparable and near


def _scores_differing(then: Scores | None, now: Scores | None) -> list[str]:
    """The core's scores where they are not the same, and each plugin's metric that both have."""
    if then is None or now is None:
        return [] if then is now else ["scores"]
    of_plugins: dict[str, Any] = {"extra": {}, "told": {}}
    alike = then.model_copy(update=of_plugins) == now.model_copy(update=of_plugins)
    moved = [
        f"metric {name}"
        for name in then.extra
        if name in now.extra
        and (then.extra[name], then.told.get(name)) != (now.extra[name], now.told.get(name))
    ]
    return [*([] if alike else ["scores"]), *moved]


def _values(record: Record) -> Mapping[str, float]:
    return record.scores.values if record.scores else {}


def reproduce(
    record: Record,
    store: Store,
    registry: Registry,
    protocol: Protocol,
    *,
    device: str | None,
    own: Brought | None = None,
) -> Reproduction:
    """Train a recorded run again, on the device and with the threads that it had.

    `device`: another one instead. `own`: the person's data that the run is of. The store stays as
    it is. Raises NotComparable if data or code are not those of the Record.
    """
    return compared(record, store, run_again(record, registry, protocol, device=device, own=own))


def embedder_again(
    record: Record,
    store: Store,
    registry: Registry,
    protocol: Protocol,
    *,
    own: Brought | None = None,
    device: str | None = None,
) -> tuple[Arrays, Reproduction]:
    """The arrays of a run that kept no weights, trained again so that they hold its embedder.

    And what is the same of it. UserError where it ends in no scores now.
    """
    found = run_again(record, registry, protocol, device=device, own=own, keep_weights=True)
    if found.arrays is None:
        reason = found.record.reason
        raise UserError(f"run {record.run_id}: ended otherwise now: {reason and reason.message}")
    return found.arrays, compared(record, store, found)


def run_again(
    record: Record,
    registry: Registry,
    protocol: Protocol,
    *,
    device: str | None = None,
    own: Brought | None = None,
    keep_weights: bool = False,
) -> Finished:
    """What the same run leaves now; NotComparable if data or code are not those of the Record.

    `own`: the person's data that the run is of.
    """
    identity = record.identity
    dataset = recorded_dataset(registry, identity.dataset, identity.dataset_digest, own)
    run = to_run_again(record, registry, protocol, dataset)
    set_threads(threads_of(record))
    bench = Bench(
        registry=registry,
        protocol=protocol,
        dataset=dataset,
        device=choose_device(device or device_of(record)),
        keep_weights=keep_weights,
    )
    stages = execute_inline(Work(runs=[run], bench=bench))
    (finished,) = (stage for stage in stages if isinstance(stage, Finished))
    return finished


def to_run_again(
    record: Record, registry: Registry, protocol: Protocol, dataset: Dataset
) -> PlannedRun:
    """The run of a Record, planned here; NotComparable if data or code are not the Record's."""
    identity = record.identity
    if identity.distribution == ELSEWHERE:
        raise UserError(f"run {record.run_id}: {identity.method} was not trained here")
    registered = registry.method(identity.method)
    here = identity.model_copy(
        update={
            "dataset_digest": dataset.digest,
            "distribution": registered.origin.distribution,
            "version": registered.origin.version,
            "source": registered.origin.source,
            "libraries": registered.libraries,
            "trunk": trunk_code(registry, protocol.backbone),
            "training_semantics": TRAINING_SEMANTICS,
        }
    )
    _require_same(identity, here)
    entrant = Entrant(registered, identity.hyperparameters, record.chosen_by, record.searched)
    return PlannedRun(entrant, identity)


def threads_of(record: Record) -> int:
    """With how many threads it was trained."""
    return int(record.environment.get("threads", "1"))


def device_of(record: Record) -> str:
    """The name of the device that it was trained on."""
    return record.environment.get("device", "auto")


def compared(record: Record, store: Store, again: Finished) -> Reproduction:
    """A Record and what the same run left now, with the test embeddings of both."""
    then, now = _digest_of(store.arrays(record)), _digest_of(again.arrays or {})
    known = then is not None and now is not None
    return Reproduction(record, again.record, then == now if known else None)


def _digest_of(arrays: Arrays) -> str | None:
    """sha256 over the bits, shape and type of the test embeddings."""
    embeddings = arrays.get(RunArray.TEST_EMBEDDINGS)
    if embeddings is None:
        return None
    digest = hashlib.sha256(f"{embeddings.dtype} {embeddings.shape}".encode())
    digest.update(np.ascontiguousarray(embeddings).data)
    return digest.hexdigest()


def _require_same(then: Identity, now: Identity) -> None:
    changed = [
        f"{name.replace('_', ' ')} was {before} and is {getattr(now, name)}"
        for name, before in then
        if getattr(now, name) != before
    ]
    if changed:
        raise NotComparable(f"run {then.run_id} is another run here: {'; '.join(changed)}")
