"""A worker process: runs come in through a pipe, Records and arrays go out.

This module imports nothing heavy, so that a worker hears of its parent's end while it still loads
torch.
"""

from __future__ import annotations

import atexit
import gc
import os
import pickle
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import parent_process
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.execution.shared_dataset import SharedDataset
    from harness.registry import Registry

READY = b"ready"
REFUSED = b"refused "
NO_MORE = b""


@dataclass(frozen=True)
class Workplace:
    """What a worker needs to make the Bench that the session has.

    `bench`: by `pack`; `registry`: by `pack_registry`. `core`: digest of the benchmark's own code,
    which must be the same there.
    """

    bench: bytes
    registry: bytes
    core: str
    dataset: SharedDataset
    device: str
    threads: int


def serve(connection: Connection, place: Workplace) -> None:
    """Say READY, then answer packed runs by a pickled (Record, arrays) for each, until NO_MORE.

    What a person can mend is answered by REFUSED and the line that says it.
    """
    # Ctrl-C and a request to end are for the parent, which says what becomes of the runs.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(place,), daemon=True).start()
    atexit.register(gc.freeze)  # looking through torch for garbage takes a second, for nothing
    try:
        _serve(connection, place)
    except UserError as error:
        connection.send_bytes(REFUSED + str(error).encode())
    except (EOFError, BrokenPipeError):
        place.dataset.remove()  # the parent is gone


def _serve(connection: Connection, place: Workplace) -> None:
    import dataclasses
    import logging

    from harness.apart.nursery import begin_here
    from harness.execution.crossing import core_digest, unpack
    from harness.execution.executor import execute_group
    from harness.execution.machine import choose_device, set_threads, warm

    logging.basicConfig(format="bench: %(message)s", level=logging.WARNING)
    if core_digest() != place.core:
        raise UserError("the benchmark's own code changed since the session began; start it again")
    # From here on this process holds data; what runs plugins is forked before. The one other
    # thread waits for the parent's end.
    begin_here(harmless=1)
    registry: Registry = pickle.loads(place.registry)  # noqa: S301 - our session's
    dataset = place.dataset.open()
    bench = unpack(place.bench, registry, dataset)
    bench = dataclasses.replace(bench, device=choose_device(place.device))
    set_threads(place.threads)
    with warm():
        connection.send_bytes(READY)
        while (packed := connection.recv_bytes()) != NO_MORE:
            for done in execute_group(unpack(packed, registry, dataset), bench):
                result = done.record, done.arrays
                connection.send_bytes(pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL))


def _end_with_parent(place: Workplace) -> None:
    """End this process when its parent is gone, which then cannot tidy up itself."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        place.dataset.remove()
        os._exit(1)
