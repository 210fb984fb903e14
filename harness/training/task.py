"""`Task`: what one training is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.method import Method, Value
from harness.method.method import samples_per_class
from harness.protocol.model import Protocol, TrainingRule


@dataclass(frozen=True)
class Task:
    """One training: a method at one point of its space, on one fold, from one seed."""

    protocol: Protocol
    method: Method
    hyperparameters: Mapping[str, Value]
    seed: int
    fold: int

    @property
    def training(self) -> TrainingRule:
        """Length and batches of this training, with the method's own samples of a class."""
        rule = self.protocol.training
        own = samples_per_class(self.hyperparameters, rule.samples_per_class)
        return rule.model_copy(update={"samples_per_class": own})

    @property
    def distance(self) -> Literal["cosine", "euclidean"]:
        """By what its embeddings are compared."""
        return self.protocol.distance_for(self.method.comparison)
