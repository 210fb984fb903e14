"""A worker on a node: an actor that executes one run after the other, as its only process.

Nothing here imports Ray but to ask where it is.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness import sandbox
from harness.errors import UserError
from harness.scratch import scratch_folder

if TYPE_CHECKING:
    from harness.artifacts import Arrays
    from harness.data.dataset import Dataset
    from harness.execution.executor import Bench
    from harness.execution.ray.cargo import Cargo
    from harness.record import Record
    from harness.registry import Registry

_LOOK_AT_MEMORY_EVERY = 0.05


@dataclass(frozen=True)
class Place:
    """Where a worker is. `environment`: the facts of its machine that its Records carry."""

    node: str
    address: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Refusal:
    """What a person can mend, as one line."""

    line: str


class Actor:
    """The actor. `dataset` comes out of the node's object store, its arrays shared and read-only.

    What a person can mend is returned as a Refusal: an exception would arrive wrapped.
    """

    def __init__(self, cargo: Cargo, dataset: Dataset) -> None:
        self._cargo = cargo
        self._dataset = dataset
        self._open = ExitStack()
        self._ended = ""
        self._registry: Registry
        self._bench: Bench

    def begin(self) -> Place | Refusal:
        """Load the plugins and all that a run needs; once, before the first run."""
        import ray

        context = ray.get_runtime_context()
        address = ray.util.get_node_ip_address()
        try:
            self._load()
            self._bench.fence()
            sandbox.require()
        except UserError as error:
            return Refusal(f"node {address}: {error}")
        from harness.execution.machine import environment

        return Place(context.get_node_id(), address, environment(self._bench.device))

    def execute(self, run_id: str, packed: bytes) -> list[tuple[Record, Arrays | None]] | Refusal:
        """Execute packed runs, of which `run_id` is the first."""
        try:
            return self._execute(packed)
        finally:
            self._ended = run_id

    def watch(self, run_id: str, limit: int) -> int:
        """Bytes of main memory that this process holds, once they exceed `limit`.

        0 if the runs end before; they may not have begun yet.
        """
        from harness.execution.machine import held_bytes

        while self._ended != run_id:
            if (resident := held_bytes(os.getpid())) > limit:
                return resident
            time.sleep(_LOOK_AT_MEMORY_EVERY)
        return 0

    def leave(self) -> None:
        """Tidy up; nothing can be executed any more."""
        self._open.close()

    def _execute(self, packed: bytes) -> list[tuple[Record, Arrays | None]] | Refusal:
        from harness.execution.crossing import unpack
        from harness.execution.executor import execute_group
        from harness.execution.machine import set_threads

        # The number is one of the thread that asks, which need not be that of `begin`.
        set_threads(self._cargo.threads)
        try:
            runs = unpack(packed, self._registry, self._dataset)
        except UserError as error:
            return Refusal(str(error))
        return [(done.record, done.arrays) for done in execute_group(runs, self._bench)]

    def _load(self) -> None:
        from harness.execution.ray.cargo import code_of, require_same_code
        from harness.registry import load_registry

        # Kept while this process lives: what compiles or traces a method reads its source.
        folder = self._open.enter_context(scratch_folder("plugins"))
        self._registry = load_registry(self._cargo.unload_plugins(folder))
        require_same_code(code_of(self._registry), self._cargo.code)

        from harness.execution.crossing import unpack
        from harness.execution.machine import choose_device, set_threads, warm

        bench = unpack(self._cargo.bench, self._registry, self._dataset)
        self._bench = replace(bench, device=choose_device(self._cargo.device))
        set_threads(self._cargo.threads)
        self._open.enter_context(warm())
