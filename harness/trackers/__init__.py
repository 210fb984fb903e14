"""Observers that show runs in other tools, as they end: TensorBoard, W&B, MLflow, JSON lines."""

from harness.trackers.tracking import tracking

__all__ = ["tracking"]
