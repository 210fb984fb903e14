"""Which step's weights are kept: a small pure rule."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class BestStep:
    """The best validation so far, higher being better; the first of equal ones counts.

    `start`: the first step that may be chosen; earlier ones are noted only.
    """

    patience: int
    start: int = 0
    history: list[tuple[int, float]] = field(default_factory=list)
    step: int = -1
    value: float = float("-inf")
    _since: int = 0

    def observe(self, step: int, value: float) -> bool:
        """Note one validation; return whether it is a strict improvement."""
        self.history.append((step, value))
        if step < self.start:
            return False
        if value > self.value:
            self.step, self.value, self._since = step, value, 0
            return True
        self._since += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether `patience` validations in a row brought no improvement."""
        return self._since >= self.patience
