"""The module behind `formula_method`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn


class FormulaLoss(nn.Module):
    """A formula, its hyperparameters, the parameters that it trains and what it remembers."""

    def __init__(
        self,
        formula: Callable[..., Tensor],
        hyperparameters: Mapping[str, Any],
        trained: Mapping[str, Tensor],
    ) -> None:
        super().__init__()
        self.formula = formula
        self.given = dict(hyperparameters)
        if "memory" in inspect.signature(formula).parameters:
            self.given["memory"] = {}
        for name, initial in trained.items():
            self.register_parameter(name, nn.Parameter(initial))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of embeddings, float (B, D), with labels, int64 (B,); a scalar."""
        return self.formula(embeddings, labels, **self.given, **dict(self.named_parameters()))
