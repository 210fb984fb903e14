"""Statistics over scores: arrays in, numbers out. Nothing here knows Records or torch."""

from harness.statistics.intervals import Interval, t_interval

__all__ = ["Interval", "t_interval"]
