"""Embedding images: audited for the method, plain for the core."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from harness.data.parts import LazyInputs, Part
from harness.method.objective import Outputs, Readout
from harness.models.backbone import Backbone
from harness.training import BadReadout, Diverged

EVALUATION_BATCH = 512
EVALUATION_VALUES = EVALUATION_BATCH * 3 * 64 * 64


@dataclass
class Counts:
    """What a method spent so far. An ensemble embeds an image once for each member."""

    images_embedded: int = 0
    images_read: int = 0
    backward_passes: int = 0
    zero_gradients: Tensor | int = 0


class AuditedEmbed:
    """The backbone as a method sees it: every image and every returning gradient is counted."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self.counts = Counts()

    def __call__(self, inputs: Tensor) -> Tensor:
        """Embeddings, float32 (B, embedding_size), with gradient."""
        return self._counted(self._backbone(inputs))

    def features(self, inputs: Tensor) -> Tensor:
        """Trunk features, float32 (B, feature_size), with gradient."""
        return self._counted(self._backbone.features(inputs))

    def outputs(self, inputs: Tensor) -> Outputs:
        """Features, unnormalised and final embeddings of one pass, with gradient."""
        outputs = self._backbone.outputs(inputs)
        # The features are where all gradients of the pass come together, if anything is below them.
        self._counted(outputs.features if outputs.features.requires_grad else outputs.linear)
        return outputs

    def _counted(self, outputs: Tensor) -> Tensor:
        self.counts.images_embedded += len(outputs) * self._backbone.members
        if outputs.requires_grad:
            outputs.register_hook(self._count_backward)  # type: ignore[no-untyped-call]
        return outputs

    def _count_backward(self, gradient: Tensor) -> None:
        self.counts.backward_passes += 1
        # Summed on the device: reading it here would make a GPU wait at every step.
        self.counts.zero_gradients = self.counts.zero_gradients + ~gradient.any()


def evaluation_batch(shape: tuple[int, ...]) -> int:
    """How many inputs of this shape are embedded at a time.

    `EVALUATION_BATCH` up to RGB images of 64x64, fewer of larger ones, so that the values of a
    batch, and with them a network's memory, stay within `EVALUATION_VALUES`: 32 of 3x256x256.
    """
    return max(1, min(EVALUATION_BATCH, EVALUATION_VALUES // math.prod(shape)))


def embed_part(
    backbone: nn.Module,
    part: Part,
    standardise: Callable[[Tensor], Tensor],
    *,
    training_batches: int = 0,
) -> npt.NDArray[np.float32]:
    """Embed a whole part as `embed_inputs` does; raises Diverged if a value is not finite."""
    embeddings = embed_inputs(backbone, part.inputs, standardise, training_batches=training_batches)
    if not np.isfinite(embeddings).all():
        raise Diverged("the embeddings hold values that are not finite")
    return embeddings


def embed_inputs(
    backbone: nn.Module,
    inputs: Tensor | LazyInputs,
    standardise: Callable[[Tensor], Tensor],
    *,
    training_batches: int = 0,
) -> npt.NDArray[np.float32]:
    """Embed raw inputs (N, ...) in evaluation mode, without gradient: float32 (N, embedding_size).

    Batches are those of `evaluation_batch`. With `training_batches`, in training mode instead, in
    so many batches: a quirk to be measured. The backbone is put back into the mode it was in.
    """
    training = backbone.training
    backbone.train(training_batches > 0)
    images = evaluation_batch(tuple(inputs.shape[1:]))
    size = -(-len(inputs) // training_batches) if training_batches else images
    try:
        with torch.inference_mode():
            starts = range(0, len(inputs), size)
            chunks = (inputs[start : start + size] for start in starts)
            outputs = _joined((backbone(standardise(chunk)) for chunk in chunks), len(inputs))
            embeddings: npt.NDArray[np.float32] = outputs.float().cpu().numpy()
    finally:
        backbone.train(training)
    return embeddings


def _joined(chunks: Iterator[Tensor], count: int) -> Tensor:
    """Chunks of `count` rows in all as one tensor, each copied into it as it comes.

    Kept until the end they would lie between what images took up and hinder its reuse: the memory
    held would grow with the part.
    """
    first = next(chunks)
    rows = first.new_empty((count, *first.shape[1:]))
    rows[: len(first)] = first
    start = len(first)
    del first
    for chunk in chunks:
        rows[start : start + len(chunk)] = chunk
        start += len(chunk)
    return rows


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
