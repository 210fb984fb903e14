"""Observers that show runs in other tools, as they end: TensorBoard, and a log of JSON lines."""

from harness.trackers.tracking import tracking

__all__ = ["tracking"]
