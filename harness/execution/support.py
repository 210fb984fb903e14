"""What a protocol and its data lack for a method: the reason of a skipped Record."""

from __future__ import annotations

from importlib.util import find_spec

from harness.data.dataset import Dataset
from harness.method import Method
from harness.protocol import Protocol
from harness.protocol.model import CLOSED_SETS
from harness.training.outcomes import Unsupported


def require_supported(method: Method, protocol: Protocol, dataset: Dataset) -> None:
    """Raise Unsupported for a method that needs what the protocol, the data or the machine lack."""
    for module, remedy in method.requires.items():
        if find_spec(module.partition(".")[0]) is None:
            raise Unsupported(f"needs {module}, which is not installed: {remedy}")
    if method.setting == "closed-set" and protocol.split.kind not in CLOSED_SETS:
        raise Unsupported("needs a closed-set split; this protocol's test classes are new")
    if method.weights == "pretrained" and protocol.backbone.weights == "random":
        raise Unsupported("needs pretrained weights; this protocol trains from random ones")
    if protocol.backbone.embedding_size % method.members:
        raise Unsupported(
            f"needs an embedding size that {method.members} members can share, "
            f"not {protocol.backbone.embedding_size}"
        )
    if method.trained:
        _require_batches(method, protocol, dataset)


def _require_batches(method: Method, protocol: Protocol, dataset: Dataset) -> None:
    if method.batch not in protocol.training.compositions:
        admitted = ", ".join(protocol.training.compositions)
        raise Unsupported(f"needs {method.batch} batches; this protocol admits {admitted}")
    if method.batch == "clusters" and protocol.split.labelled_fraction < 1:
        raise Unsupported("needs clusters of labelled samples; this protocol hides labels")
    if method.views == 2 and not dataset.is_images:
        raise Unsupported("needs two augmented views; feature vectors are not augmented")
    if method.relevance == "graded" and dataset.hierarchy is None:
        raise Unsupported(f"needs graded relevance; {dataset.name} names no groups of classes")
