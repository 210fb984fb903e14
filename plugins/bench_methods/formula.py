"""A method from one function, written where it is declared: `formula_method`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harness import Method, loss_method

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Context

Own = Callable[["Context", Mapping[str, Any]], "Mapping[str, Tensor]"]


def formula_method(name: str, formula: Any, *, own: Own | None = None, **declared: Any) -> Method:
    """Make a Method of `formula(embeddings, labels, **hyperparameters)`, which returns the loss.

    `own(context, hyperparameters)` gives the initial values of parameters that are trained with
    the backbone: the formula gets them by name. A formula with a parameter `memory` gets a
    dictionary that is empty at the first step and that the run keeps. `declared`: what
    `loss_method` takes besides, the hyperparameters' ranges among it.
    """

    def build(context: Context, **hyperparameters: Any) -> Any:
        from bench_methods.formula_loss import FormulaLoss

        trained = {} if own is None else own(context, hyperparameters)
        return FormulaLoss(formula, hyperparameters, trained)

    return loss_method(name, build, **declared)


def class_vectors(context: Context, _: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """One vector a class, drawn from N(0, 1): `vectors`, float (C, D)."""
    import torch

    return {"vectors": torch.randn(context.classes, context.embedding_size)}


def several_class_vectors(context: Context, given: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """As many a class as the hyperparameter `per_class`, class by class: float (C * n, D)."""
    import torch

    return {"vectors": torch.randn(context.classes * given["per_class"], context.embedding_size)}
