"""metric-learning-bench: fair comparison of deep metric learning methods.

Plugin authors import from here. Names that need torch are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from harness.method import Choice, Float, Int, Method, loss_method

if TYPE_CHECKING:
    from harness.method.objective import Batch, Context, Embed, Objective, View

hookimpl = pluggy.HookimplMarker("bench")

__all__ = [
    "Batch",
    "Choice",
    "Context",
    "Embed",
    "Float",
    "Int",
    "Method",
    "Objective",
    "View",
    "hookimpl",
    "loss_method",
]

_NEED_TORCH = {"Batch", "Context", "Embed", "Objective", "View"}


def __getattr__(name: str) -> Any:
    if name in _NEED_TORCH:
        from harness.method import objective

        return getattr(objective, name)
    raise AttributeError(f"module 'harness' has no attribute '{name}'")
