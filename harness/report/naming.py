"""What things are called on the page, and which metrics it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.figures.sources import Sources
from harness.metrics import title_of


@dataclass(frozen=True)
class About:
    """What plugins say of their methods: a sentence, by method name."""

    sentences: Mapping[str, str] = field(default_factory=dict)

    def of(self, method: str) -> str:
        """The sentence on a method; empty where its plugin is not installed."""
        return self.sentences.get(method, "")


def title(metric: str) -> str:
    """A metric's name as people write it."""
    return title_of(metric)


def shown_metrics(sources: Sources) -> list[str]:
    """The metrics of a Board's usual columns that some row has, then those of plugins."""
    board = sources.board
    return [name for name in board.metrics if board.facts(name).usual]
