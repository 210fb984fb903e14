"""Where the relevant items stand, by torch: blocks are multiplied and sorted on an accelerator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from harness.errors import UserError
from harness.scoring.geometry import Float32, Int64, Points
from harness.scoring.sorting import SPARE, AskedRows, standing_of_sorted
from harness.scoring.standing import RelevantRanks

_VALUE = -2
_INFINITY = int(np.float32(np.inf).view(np.int32))


class DeviceGallery:
    """A gallery held on a device of torch (`cuda`, `cuda:1`, `cpu`), to be searched there.

    `copies`: int64 (C, 2), columns that equal an earlier one, and that one. The products are full
    float32, without TF32; the rules of marks and ties are those of `standing_by_sorting`, so that
    scores differ from the processor's only where its rounding orders two items otherwise. Raises
    UserError for a device that torch does not have here.
    """

    def __init__(self, device: str, points: Points, copies: Int64) -> None:
        self.device = _checked(device)
        self.rows = self._moved(points.rows)
        halves = points.half_norms
        self.half_norms = None if halves is None else self._moved(halves)
        self.copies = self._moved(copies)

    def standing(self, queries: Float32, asked: AskedRows) -> RelevantRanks:
        """Find the places of the relevant items of queries, float32 (Q, D)."""
        distances = self._distances(queries)
        self._mark(distances, asked)
        nearest = self._nearest(distances, asked)
        bits = nearest.view(torch.int32)
        marked = _positions(bits.bitwise_and(1).bool())
        alike = bits.new_zeros(bits.shape, dtype=torch.bool)
        alike[:, :-1] = self._tied(nearest[:, 1:], nearest[:, :-1], asked)
        found = [(bits.numel(), marked, _positions(alike))]
        return standing_of_sorted(found, bits.shape[1], asked.relevant)

    def _distances(self, queries: Float32) -> torch.Tensor:
        with _full_float32():
            distances = torch.mm(self._moved(-queries), self.rows.T)
        if self.half_norms is not None:
            distances += self.half_norms
        if len(self.copies):
            distances[:, self.copies[:, 0]] = distances[:, self.copies[:, 1]]
        return distances

    def _mark(self, distances: torch.Tensor, asked: AskedRows) -> None:
        bits = distances.view(torch.int32)
        bits &= _VALUE
        distances += 0.0  # 0 and -0 are one value and must be one pattern
        columns = torch.arange(distances.shape[1], device=self.device)
        starts, stops = self._moved(asked.spans).T[:, :, None]
        bits |= (columns >= starts) & (columns < stops)
        if asked.own is not None:
            bits[torch.arange(len(bits), device=self.device), self._moved(asked.own)] = _INFINITY

    def _nearest(self, distances: torch.Tensor, asked: AskedRows) -> torch.Tensor:
        """Rows sorted, at least up to the last rank asked for and the end of a tie across it."""
        up_to = asked.up_to
        if up_to is not None and 2 * (up_to + SPARE) < distances.shape[1]:
            head = torch.topk(distances, up_to + SPARE, dim=1, largest=False, sorted=True).values
            ties = self._tied(head[:, 1:], head[:, :-1], asked)
            # A chain of ties from the last rank to the end of the head may go on beyond it.
            if not ties[:, up_to - 1 :].all(dim=1).any():
                return head
        return torch.sort(distances, dim=1).values

    def _tied(self, some: torch.Tensor, others: torch.Tensor, asked: AskedRows) -> torch.Tensor:
        """Whether items and those before them are tied, or cannot be told apart."""
        tied = (some.view(torch.int32) ^ others.view(torch.int32)).bitwise_and(_VALUE) == 0
        if asked.doubt is None:
            return tied
        share, base = asked.doubt
        return tied | (some * (1 - share) - others <= self._moved(base)[:, None])

    def _moved(self, array: npt.NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def _positions(mask: torch.Tensor) -> Int64:
    return mask.flatten().nonzero().flatten().cpu().numpy()


def _checked(device: str) -> torch.device:
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(f"device '{device}': {str(error).splitlines()[0]}") from None


@contextmanager
def _full_float32() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
