"""Linear readouts: asking a method for one, checking it, and reading embeddings through it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.method.objective import Readout
from harness.models.backbone import Backbone
from harness.training.outcomes import BadReadout


class ReadBackbone(nn.Module):
    """A backbone whose head is replaced, or followed, by a method's linear readout."""

    def __init__(self, backbone: Backbone, readout: Readout) -> None:
        super().__init__()
        self.backbone = backbone
        self.of = readout.of
        device = next(backbone.parameters()).device
        self.matrix = readout.matrix.detach().float().to(device)
        self.offset = None if readout.offset is None else readout.offset.detach().float().to(device)

    def forward(self, inputs: Tensor) -> Tensor:
        """Embeddings, float32 (B, width), L2-normalised if the protocol says so."""
        outputs = self.backbone.outputs(inputs)
        read = outputs.features if self.of == "features" else outputs.embeddings
        linear = nn.functional.linear(read, self.matrix, self.offset)
        return nn.functional.normalize(linear) if self.backbone.normalize else linear


def require_readout(found: object) -> Readout:
    """What `finish` returned, if it is a Readout; raises BadReadout otherwise."""
    if not isinstance(found, Readout):
        raise BadReadout(f"finish returned {type(found).__name__}, not a Readout")
    return found


def require_linear(readout: Readout, *, feature_size: int, embedding_size: int) -> Readout:
    """A readout, if it is a finite linear map no wider than the embedding; else BadReadout."""
    if readout.of not in ("features", "embeddings"):
        raise BadReadout(f"the readout is of {readout.of!r} (allowed: features, embeddings)")
    reads = feature_size if readout.of == "features" else embedding_size
    shape = tuple(readout.matrix.shape)
    if len(shape) != 2 or shape[1] != reads or not 1 <= shape[0] <= embedding_size:
        raise BadReadout(
            f"the readout's matrix has shape {shape}, not (1..{embedding_size}, {reads})"
        )
    if readout.offset is not None and tuple(readout.offset.shape) != shape[:1]:
        raise BadReadout(f"the readout's offset has shape {tuple(readout.offset.shape)}")
    parts = [readout.matrix] if readout.offset is None else [readout.matrix, readout.offset]
    if not all(bool(torch.isfinite(part.float()).all()) for part in parts):
        raise BadReadout("the readout holds values that are not finite")
    return readout
