"""The learning rate of a method's own parameters, as a multiple of the protocol's.

A protocol has one rate for all objectives, whose parameters start at standard deviations from .01
to 1: what suits proxies of unit scale crawls or overruns elsewhere.
"""

from __future__ import annotations

from harness import Float

OBJECTIVE_RATE = Float(0.01, 100.0, default=1.0, log=True)
