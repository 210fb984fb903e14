"""Datasets in memory, splits, augmentation; and named random streams.

A generator for each name: adding a draw moves no other.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch


def stream_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed from a run seed and the stream's name, by sha256."""
    text = "/".join(["stream", str(seed), *(str(name) for name in names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_stream(seed: int, *names: str | int) -> np.random.Generator:
    """A numpy generator of the named stream."""
    import numpy as np

    return np.random.default_rng(stream_seed(seed, *names))


def seed_torch(seed: int) -> None:
    """Seed torch's global generators: the CPU's, and those of devices that torch is built for.

    `torch.manual_seed` notes for each kind of device who called, which takes 2 ms, also where there
    is none.
    """
    import torch

    if torch.backends.cuda.is_built() or torch.backends.mps.is_built():  # type: ignore[no-untyped-call]
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


def torch_stream(seed: int, *names: str | int) -> torch.Generator:
    """A CPU torch generator of the named stream."""
    import torch

    return torch.Generator().manual_seed(stream_seed(seed, *names))
