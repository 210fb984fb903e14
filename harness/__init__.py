"""metric-learning-bench: fair comparison of deep metric learning methods.

Plugin authors import from here. Names that need numpy or torch are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pluggy

from harness.extension import BackboneSource, DatasetSource, Metric, PretrainedWeights
from harness.method import Choice, Float, Int, Method, loss_method

if TYPE_CHECKING:
    from harness.data.dataset import Attribute, Dataset
    from harness.method.objective import (
        Batch,
        Clusters,
        Context,
        Embed,
        Objective,
        Outputs,
        Readout,
        View,
    )
    from harness.models.trunk import Trunk

hookimpl = pluggy.HookimplMarker("bench")

__all__ = [
    "Attribute",
    "BackboneSource",
    "Batch",
    "Choice",
    "Clusters",
    "Context",
    "Dataset",
    "DatasetSource",
    "Embed",
    "Float",
    "Int",
    "Method",
    "Metric",
    "Objective",
    "Outputs",
    "PretrainedWeights",
    "Readout",
    "Trunk",
    "View",
    "hookimpl",
    "loss_method",
]

# Loaded when first used: numpy and torch are not needed to answer `bench --help`.
_LATER = {
    "Attribute": "harness.data.dataset",
    "Batch": "harness.method.objective",
    "Clusters": "harness.method.objective",
    "Context": "harness.method.objective",
    "Dataset": "harness.data.dataset",
    "Embed": "harness.method.objective",
    "Objective": "harness.method.objective",
    "Outputs": "harness.method.objective",
    "Readout": "harness.method.objective",
    "Trunk": "harness.models.trunk",
    "View": "harness.method.objective",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module 'harness' has no attribute '{name}'")
