"""An embedder as a program of torch.export, which needs no code of this benchmark."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.artifacts import write_whole
from harness.embedder.embedder import Embedder
from harness.errors import UserError

_NEAR = 1e-5


class _Whole(nn.Module):
    """Raw inputs to embeddings, the preprocessing included."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self.reader = embedder.reader
        self.prepare = embedder.prepare

    def forward(self, inputs: Tensor) -> Tensor:
        """Embeddings of raw inputs, float32 (N, embedding size)."""
        found: Tensor = self.reader(self.prepare(inputs))
        return found


def write_graph(embedder: Embedder, path: Path) -> None:
    """Write a .pt2 for any number of raw inputs; `torch.export.load(path).module()` runs it.

    It is compared with the embedder before it is written. UserError where the trunk cannot be
    exported, or gives something else then.
    """
    images = len(embedder.inputs) == 3
    draw = torch.Generator().manual_seed(0)
    raw = torch.rand((5, *embedder.inputs), generator=draw)
    example = (raw * 255).to(torch.uint8) if images else raw
    whole = _Whole(embedder)
    several = {0: torch.export.Dim("batch", min=1)}
    try:
        with torch.no_grad():
            program = torch.export.export(whole, (example[:2],), dynamic_shapes=(several,))
            found, wanted = program.module()(example), whole(example)
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"{path}: torch.export cannot write this trunk: {first[:200]}") from error
    if not torch.allclose(found, wanted, atol=_NEAR):
        off = float((found - wanted).abs().max())
        raise UserError(f"{path}: the exported program is off by {off:.1e}: not written")
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No complete tensor found")
        torch.export.save(program, buffer)
    try:
        write_whole(path, buffer.getvalue())
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
