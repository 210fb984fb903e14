"""A tensor that several processes look at without a copy each: written once, then sealed."""

from __future__ import annotations

import contextlib
import math
import mmap
import os
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.apart.memory import anonymous_file


@dataclass(frozen=True)
class Shape:
    """What there is to know of a shared tensor beside its descriptor."""

    dtype: torch.dtype
    shape: tuple[int, ...]


def share(tensor: Tensor) -> int:
    """Write a tensor to a file without a name, sealed where the system can; its descriptor."""
    descriptor = anonymous_file()
    content = tensor.detach().cpu().contiguous()
    size = content.numel() * content.element_size()
    os.ftruncate(descriptor, max(size, 1))
    if size:
        with mmap.mmap(descriptor, size) as mapped:
            place = torch.frombuffer(mapped, dtype=content.dtype).view(content.shape)
            place.copy_(content)
            del place
    if hasattr(os, "memfd_create"):
        seal(descriptor)
    return descriptor


def seal(descriptor: int) -> None:
    """Let nobody change a file without a name any more, whoever they are."""
    import fcntl

    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)


def open_shared(descriptor: int, shape: Shape) -> Tensor:
    """The tensor; what is written to it is seen by this process alone."""
    if not math.prod(shape.shape):
        return torch.empty(shape.shape, dtype=shape.dtype)
    mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
    return torch.frombuffer(mapped, dtype=shape.dtype, count=math.prod(shape.shape)).view(
        shape.shape
    )


class Kept:
    """The tensor that was shared last, for the runs that look at the same one."""

    def __init__(self) -> None:
        self._key: str | None = None
        self._descriptor = -1

    def descriptor(self, key: str, tensor: Tensor) -> int:
        """The descriptor of a tensor that has this key."""
        if key != self._key:
            if self._key is not None:
                with contextlib.suppress(OSError):
                    os.close(self._descriptor)
            self._key, self._descriptor = key, share(tensor)
        return self._descriptor
