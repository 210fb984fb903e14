"""`Task`: what one training is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.method import Method, Value
from harness.protocol.model import Protocol


@dataclass(frozen=True)
class Task:
    """One training: a method at one point of its space, on one fold, from one seed."""

    protocol: Protocol
    method: Method
    hyperparameters: Mapping[str, Value]
    seed: int
    fold: int
