"""`LazyInputs`: the inputs of a part that stay on disk until a batch asks for them."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.data.mapped import MappedArray
from harness.data.splits import Positions


class LazyInputs:
    """What a part needs of a tensor of inputs (N, ...), read from a mapped array by the batch."""

    def __init__(self, array: MappedArray, positions: Positions, device: torch.device) -> None:
        self._array = array
        self._positions = positions
        self.device = device
        self.shape = torch.Size((len(positions), *array.shape[1:]))

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """Read samples by their positions in the part, in that order, to the part's device."""
        wanted = chosen if isinstance(chosen, slice) else chosen.cpu().numpy()
        rows = self._array.take_rows(self._positions[wanted])
        return torch.from_numpy(rows).to(self.device, non_blocking=True)
