"""What crosses between a run and its method's process, by itself.

Run with `pytest tests/benchmarks/test_messages.py -s`.
"""

from __future__ import annotations

import contextlib
import socket
import time

import pytest
import torch

from harness.apart import fork_here
from harness.apart.channel import Channel, Closed
from harness.apart.memory import Memory

CPU = torch.device("cpu")


@pytest.mark.benchmark(group="loop")
def test_messages_of_a_step(benchmark):
    """What crosses in a step of 32 images, and nothing else: both ends, processor time."""
    images, embeddings, indices = torch.randn(32, 1, 32, 32), torch.randn(32, 64), torch.arange(32)
    memory, (here, there) = Memory(), socket.socketpair()
    core = Channel(here, memory, core=True, device=CPU)

    def answer():
        pupil = Channel(there, memory, core=False, device=CPU)
        with contextlib.suppress(Closed):
            while True:
                inputs, _ = pupil.receive().arrays
                pupil.send("embed", {"wanted": ("embeddings",)}, [inputs], number=1)
                pupil.receive()
                pupil.send("gradient", {"which": (0,)}, [embeddings], number=1, later=True)
                pupil.send("done", value=0.5)

    child = fork_here("messages", answer, keep=(there.fileno(),))
    there.close()

    def step():
        core.send("step", {"names": ("inputs", "indices")}, [images, indices])
        core.receive()
        core.send("embedded", {"differentiable": (True,)}, [embeddings])
        core.receive()
        core.receive()

    began = time.process_time()
    benchmark.pedantic(step, rounds=1, iterations=500)
    spent = time.process_time() - began
    here.close()
    spent += child.end(kill=False).processor_seconds
    print(f"\nmessages of a step: {1e3 * spent / 500:.2f} ms")  # noqa: T201
