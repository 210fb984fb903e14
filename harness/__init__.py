"""metric-learning-bench: fair comparison of deep metric learning methods.

What plugin authors and programs import stands here, in `harness.testing` and in
`harness.executors`, and is described in docs/api.md; the other modules may change at any time.
Names that need numpy or torch are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from harness.errors import UserError
from harness.hookspecs import BackboneSource, DatasetSource, Executor, Metric, PretrainedWeights
from harness.method import Method, loss_method
from harness.method.space import Choice, Float, Int, Range, Value

__all__ = [
    "API",
    "Attribute",
    "BackboneSource",
    "Batch",
    "Benchmark",
    "Board",
    "Choice",
    "Clusters",
    "Context",
    "Dataset",
    "DatasetSource",
    "Embed",
    "Embedder",
    "Executor",
    "Float",
    "Forecast",
    "Identity",
    "Int",
    "LabelSet",
    "LossObjective",
    "Method",
    "Metric",
    "Objective",
    "Outputs",
    "Plan",
    "Planned",
    "PretrainedWeights",
    "Range",
    "Readout",
    "Record",
    "ReplicateEnded",
    "RunEnded",
    "RunStarted",
    "SearchEnded",
    "SearchStarted",
    "Session",
    "Settings",
    "Trunk",
    "UserError",
    "Value",
    "View",
    "__version__",
    "hookimpl",
    "load_board",
    "load_embedder",
    "loss_method",
]

API = 1
"""Number of the interface that plugins are written for; one that breaks a plugin raises it.

A plugin may declare `BENCH_API = 1`; then a benchmark with another number says so in one line.
"""

hookimpl = pluggy.HookimplMarker("bench")

if TYPE_CHECKING:
    from harness.benchmark import Benchmark
    from harness.data.dataset import Attribute, Dataset
    from harness.embedder.embedder import Embedder, load_embedder
    from harness.execution.plan import Plan
    from harness.execution.session import ReplicateEnded, RunEnded, RunStarted
    from harness.forecast import Forecast
    from harness.method.loss_objective import LossObjective
    from harness.method.objective import (
        Batch,
        Clusters,
        Context,
        Embed,
        LabelSet,
        Objective,
        Outputs,
        Readout,
        View,
    )
    from harness.models.backbone import Trunk
    from harness.record import Identity, Record
    from harness.results import Board, load_board
    from harness.session import Planned, SearchEnded, SearchStarted, Session
    from harness.settings import Settings

    __version__: str
else:
    # A type checker does not see this `__getattr__`: to it a name that is misspelt is an error.
    _LATER = {
        "harness.benchmark": ("Benchmark",),
        "harness.data.dataset": ("Attribute", "Dataset"),
        "harness.embedder.embedder": ("Embedder", "load_embedder"),
        "harness.execution.plan": ("Plan",),
        "harness.execution.session": ("ReplicateEnded", "RunEnded", "RunStarted"),
        "harness.forecast": ("Forecast",),
        "harness.method.loss_objective": ("LossObjective",),
        "harness.method.objective": (
            "Batch",
            "Clusters",
            "Context",
            "Embed",
            "LabelSet",
            "Objective",
            "Outputs",
            "Readout",
            "View",
        ),
        "harness.models.backbone": ("Trunk",),
        "harness.record": ("Identity", "Record"),
        "harness.results": ("Board", "load_board"),
        "harness.session": ("Planned", "SearchEnded", "SearchStarted", "Session"),
        "harness.settings": ("Settings",),
    }

    def __getattr__(name):
        if name == "__version__":
            from harness.registry import core_version

            return core_version()
        for module, names in _LATER.items():
            if name in names:
                from importlib import import_module

                return getattr(import_module(module), name)
        raise AttributeError(f"module 'harness' has no attribute '{name}'")

    def __dir__():
        return sorted({*globals(), *__all__})
