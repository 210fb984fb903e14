"""Observers that show runs in other tools, as they end: TensorBoard, W&B, MLflow, JSON lines."""

from harness.trackers.tracking import read_track, tracking

__all__ = ["read_track", "tracking"]
