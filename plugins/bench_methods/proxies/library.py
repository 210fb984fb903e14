"""One builder for all of the library's losses that learn weights for each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import Method, loss_method

if TYPE_CHECKING:
    from harness import Context, Value


def class_weights(name: str, loss: str, **declared: Any) -> Method:
    """Make a Method of the loss that pytorch-metric-learning calls `loss`.

    The loss is built with the number of classes, the embedding size and every hyperparameter by
    name. `declared`: what `loss_method` takes besides, the hyperparameters' ranges among it.
    """

    def build(context: Context, **hyperparameters: Value) -> Any:
        from pytorch_metric_learning import losses

        return getattr(losses, loss)(
            num_classes=context.classes, embedding_size=context.embedding_size, **hyperparameters
        )

    return loss_method(name, build, **declared)
